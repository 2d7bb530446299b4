"""A node whose process is killed comes back as a node does after a power cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_driver import NODE, TEMPLATE, Driver

pytestmark = [pytest.mark.usefixtures("able"), pytest.mark.timeout(300)]


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    made = Driver(tmp_path / "lab", "lxc")
    yield made
    made.close()
    made.lab.destroy()


def make(driver: Driver, vmid: int, **options: object) -> None:
    values = {"ostemplate": TEMPLATE, "rootfs": "local-zfs:1", "unprivileged": 1, **options}
    assert driver.do("POST", f"{NODE}/lxc", vmid=vmid, **values) == "OK"


def running(driver: Driver) -> set[int]:
    return {row["vmid"] for row in driver.get(f"{NODE}/lxc") if row["status"] == "running"}


@pytest.mark.parametrize("server", ["lives", "dies"])
def test_the_next_start_boots_the_node(driver: Driver, server: str) -> None:
    make(driver, 100, onboot=1, start=1)
    make(driver, 101, onboot=0, start=1)
    driver.inside(100, "echo kept > /kept && sync /kept")
    holder, info = driver.node.require(), driver.info
    driver.kill_node()
    if server == "dies":
        driver.kill()

    assert driver.up() != info
    driver.settle()

    assert driver.node.require() != holder
    assert running(driver) == {100}
    assert driver.inside(100, "cat /kept") == "kept"
    assert driver.do("POST", f"{NODE}/lxc/101/status/start") == "OK"
    assert {int(name) for name in driver.node.run("lxc-ls", "--running").stdout.split()} == {
        100,
        101,
    }


def test_what_starts_at_boot_does_so_though_nothing_ran(driver: Driver) -> None:
    make(driver, 100, onboot=1)
    driver.kill_node()
    driver.up()
    driver.settle()
    assert running(driver) == {100}
