"""A lab whose disk is full: one clear error, nothing half made, and the next command goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from lab_driver import NODE, TEMPLATE, Driver

from homelab.errors import HomelabError

pytestmark = [pytest.mark.usefixtures("able"), pytest.mark.timeout(300)]

L = f"{NODE}/lxc/100"
CANNOT_START = r"the lab's server can't go on: .*No space left on device"
STATE_FULL = "unable to write the node's state - database or disk is full"
STORAGE_FULL = "no space left in the lab's storage"


@pytest.fixture(params=["memory", "lxc"])
def driver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Driver]:
    """A lab on a small disk of its own, with a running guest that has a snapshot."""
    state = tmp_path / "lab"
    state.mkdir()
    size = {"memory": "4m", "lxc": "192m"}[request.param]
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", state], check=True
    )
    try:
        made = Driver(state, request.param)
        try:
            assert create(made, 100, start=1, onboot=1) == "OK"
            assert made.do("POST", f"{L}/snapshot", snapname="kept") == "OK"
            yield made
        finally:
            fill(state, room=1 << 30)
            made.close()
            made.lab.destroy()
    finally:
        subprocess.run(["umount", state], check=True)


def create(driver: Driver, vmid: int, **options: object) -> str:
    values = {"ostemplate": TEMPLATE, "rootfs": "local-zfs:1", "unprivileged": 1, **options}
    return driver.do("POST", f"{NODE}/lxc", vmid=vmid, **values)


def fill(state: Path, *, room: int = 0) -> None:
    """Leave so many bytes free."""
    filler = state / "files" / "filler"
    filler.unlink(missing_ok=True)
    done = subprocess.run(["df", "--output=avail", "-B1", state], capture_output=True, check=True)
    wanted = int(done.stdout.split()[-1]) - room
    if wanted > 0:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while wanted > 0:
                wanted -= file.write(bytes(min(wanted, 1 << 16)))


def guests(driver: Driver) -> list[int]:
    return sorted(row["vmid"] for row in driver.get(f"{NODE}/lxc"))


def check_nothing_more(driver: Driver) -> None:
    """One guest with one volume and one snapshot, unlocked."""
    assert guests(driver) == [100]
    assert driver.rows("SELECT vmid FROM volumes") == [(100,)]
    names = [one["name"] for one in driver.get(f"{L}/snapshot")]
    assert names == ["kept", "current"]
    assert not {"lock", "mp0"} & driver.options(100).keys()


def test_without_any_space(driver: Driver) -> None:
    fill(driver.state)
    for said in (
        create(driver, 101, start=1),
        driver.do("PUT", f"{L}/config", mp0="local-zfs:1,mp=/data"),
        driver.do("PUT", f"{L}/config", description="word"),
        driver.do("POST", f"{L}/snapshot", snapname="more"),
        driver.do("POST", f"{L}/clone", newid=102, snapname="kept", full=1),
        driver.do("POST", f"{L}/status/stop"),
    ):
        assert said == STATE_FULL
    check_nothing_more(driver)

    driver.kill()
    with pytest.raises(HomelabError, match=CANNOT_START) as refused:
        driver.up()
    assert str(driver.state) in str(refused.value.hint)

    fill(driver.state, room=1 << 30)
    driver.up()
    check_nothing_more(driver)
    assert driver.do("PUT", f"{L}/config", description="word") == "OK"
    if driver.runtime == "lxc":  # what could not be written has made the pool read-only
        driver.lab.down()
        driver.up()
        driver.settle()
    assert driver.get(f"{L}/status/current")["status"] == "running"
    assert create(driver, 101, start=1) == "OK"
    assert driver.do("POST", f"{L}/snapshot", snapname="more") == "OK"


@pytest.mark.parametrize("driver", ["lxc"], indirect=True)
def test_without_space_for_volumes(driver: Driver) -> None:
    fill(driver.state, room=16 << 20)
    assert create(driver, 101, start=1) == f"unable to create CT 101 - {STORAGE_FULL}"
    assert driver.do("PUT", f"{L}/config", mp0="local-zfs:1,mp=/data").endswith(STORAGE_FULL)
    assert driver.do("POST", f"{L}/snapshot", snapname="more").endswith(STORAGE_FULL)
    said = driver.do("POST", f"{L}/clone", newid=102, snapname="kept", full=1)
    assert said == f"clone failed: {STORAGE_FULL}"
    check_nothing_more(driver)
    assert {path.name for path in (driver.state / "lxc").iterdir()} == {"100"}
    assert driver.do("POST", f"{L}/status/shutdown") == "OK"

    fill(driver.state, room=1 << 30)
    assert driver.do("POST", f"{L}/status/start") == "OK"
    assert create(driver, 101, start=1) == "OK"
    assert driver.do("PUT", f"{L}/config", mp0="local-zfs:1,mp=/data") == "OK"
    assert driver.do("POST", f"{L}/snapshot", snapname="more") == "OK"
