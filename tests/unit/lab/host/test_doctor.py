from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from fake_host import FakeHost

from homelab.lab.host.doctor import CheckState, diagnose, diagnose_tests
from homelab.lab.host.machine import Host


def states(host: Host) -> dict[str, CheckState]:
    checks = diagnose(state_dir=Path("/s"), cache_dir=Path("/c"), host=host)
    return {check.name: check.state for check in checks if check.state is not CheckState.OK}


def test_a_machine_that_has_everything():
    assert states(FakeHost()) == {}


@pytest.mark.parametrize(
    ("host", "name", "state"),
    [
        (FakeHost(root=False), "root", CheckState.MISSING),
        (FakeHost(machine="aarch64"), "system", CheckState.MISSING),
        (FakeHost(absent={"apt-get"}), "system", CheckState.MISSING),
        (FakeHost(absent={"lxc-start"}), "lxc", CheckState.MISSING),
        (FakeHost(absent={"newgidmap"}), "uidmap", CheckState.MISSING),
        (FakeHost(refused={"bridge"}), "bridges", CheckState.MISSING),
        (FakeHost(absent={"mkfs.btrfs"}), "btrfs", CheckState.MISSING),
        (FakeHost(refused={"veth"}), "veth", CheckState.MISSING),
        (FakeHost(free=1 << 30), "disk (state)", CheckState.DEGRADED),
    ],
)
def test_what_is_not_there_is_found(host, name, state):
    assert states(host)[name] is state


@pytest.mark.parametrize(
    ("path", "text", "name", "state"),
    [
        ("/etc/subuid", "root:100000:10\n", "/etc/subuid", CheckState.MISSING),
        ("/etc/subgid", "other:100000:65536\n", "/etc/subgid", CheckState.MISSING),
        ("/etc/subuid", "root:x:y\n", "/etc/subuid", CheckState.MISSING),
        (
            *("/etc/subuid", "root:100000:65536\nalice:165000:65536\n", "/etc/subuid"),
            CheckState.DEGRADED,
        ),
        ("/proc/self/mounts", "a /a tmpfs rw 0 0\n", "control groups", CheckState.MISSING),
        (
            "/proc/self/mounts",
            "c /a cgroup rw,memory 0 0\nd /b cgroup2 rw 0 0\n",
            "control groups",
            CheckState.DEGRADED,
        ),
        ("/proc/meminfo", "MemAvailable: 1000 kB\n", "memory", CheckState.DEGRADED),
        ("/proc/meminfo", "", "memory", CheckState.DEGRADED),
    ],
)
def test_what_is_read_is_judged(path, text, name, state):
    host = FakeHost()
    host.files[path] = text
    assert states(host) == {name: state}


@pytest.mark.parametrize(("root", "words"), [(True, set()), (False, {"--dry-run"})])
def test_an_ordinary_user_is_told_of_btrfs_what_root_will_find(root, words):
    @dataclass
    class Asked(FakeHost):
        def works(self, argv) -> bool:
            return "modprobe" not in argv or (words <= set(argv) and (root or "--dry-run" in argv))

    host = Asked(root=root)
    host.files["/proc/filesystems"] = "nodev\toverlay\n"
    assert "btrfs" not in states(host)


def test_without_btrfs_in_the_kernel_its_tools_are_not_asked_for():
    host = FakeHost(absent={"mkfs.btrfs"}, refused={"btrfs"})
    host.files["/proc/filesystems"] = "nodev\toverlay\n"
    assert states(host) == {"btrfs": CheckState.DEGRADED}


def test_what_only_the_tests_use_is_asked_for_apart():
    absent = {"/usr/lib/postgresql/*/bin/initdb", "git", "less", "sudo"}
    host = FakeHost(absent={*absent, "/usr/lib/python3*/ensurepip/__init__.py"})

    assert states(host) == {}
    packages = [name for check in diagnose_tests(host) for name in check.packages]
    assert packages == ["postgresql", "git", "less", "sudo", "python3-venv"]
    assert {check.state for check in diagnose_tests(FakeHost())} == {CheckState.OK}
