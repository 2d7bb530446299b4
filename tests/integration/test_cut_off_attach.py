"""A volume that was hot-mounted by a change that kill -9 cut off is taken out of the container."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_driver import NODE, TEMPLATE, Driver

pytestmark = [pytest.mark.usefixtures("able"), pytest.mark.timeout(300)]
L = f"{NODE}/lxc/100"


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    made = Driver(tmp_path / "lab", "lxc")
    yield made
    made.close()
    made.lab.destroy()


@pytest.mark.parametrize("storage", ["local-zfs", "local-dir"])
def test_the_same_change_can_be_made_again(driver: Driver, storage: str) -> None:
    values = {"ostemplate": TEMPLATE, "rootfs": "local-zfs:1", "unprivileged": 1, "start": 1}
    assert driver.do("POST", f"{NODE}/lxc", vmid=100, **values) == "OK"
    before = driver.rows("SELECT config FROM guests")[0][0]
    change = {"mp0": f"{storage}:1,mp=/srv/data"}
    assert driver.do("PUT", f"{L}/config", **change) == "OK"
    driver.inside(100, "echo lost > /srv/data/word")
    driver.kill()
    driver.write("UPDATE guests SET config = ?", before)  # as if killed before the commit
    driver.up()

    assert "mp0" not in driver.options(100)
    assert driver.inside(100, "grep -c /srv/data /proc/mounts || true") == "0"
    assert driver.do("PUT", f"{L}/config", **change) == "OK"
    assert driver.inside(100, "ls -A /srv/data | grep -v lost+found; mountpoint /srv/data") == (
        "/srv/data is a mountpoint"
    )
