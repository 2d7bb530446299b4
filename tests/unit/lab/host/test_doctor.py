from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from homelab.errors import CapabilityError
from homelab.lab.host import installation
from homelab.lab.host.doctor import CheckState, diagnose, diagnose_tests
from homelab.lab.host.installation import fix, make_ready
from homelab.lab.host.machine import Host


@dataclass
class FakeHost(Host):
    root: bool = True
    machine: str = "x86_64"
    absent: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    files: dict[str, str] = field(
        default_factory=lambda: {
            "/etc/subuid": "me:1000:10\nroot:100000:65536\n",
            "/etc/subgid": "root:90000:100000\n",
            "/proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
            "/proc/filesystems": "nodev\toverlay\n\tbtrfs\n",
            "/proc/meminfo": "MemTotal: 9 kB\nMemAvailable: 8000000 kB\n",
        }
    )
    free: int = 100 << 30

    def is_root(self) -> bool:
        return self.root

    def architecture(self) -> str:
        return self.machine

    def has_program(self, name: str) -> bool:
        return name not in self.absent

    def has_file(self, path: str) -> bool:
        return path not in self.absent

    def has_match(self, directory: str, pattern: str) -> bool:
        return f"{directory}/{pattern}" not in self.absent

    def read(self, path: str) -> str:
        return self.files.get(path, "")

    def works(self, argv) -> bool:
        return not self.refused & set(argv)

    def free_bytes(self, directory: Path) -> int:
        del directory
        return self.free


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


def test_a_fix_installs_all_packages_in_one_go(monkeypatch):
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(installation, "stream", lambda argv, *_, **__: calls.append(tuple(argv)))
    host = FakeHost(
        absent={"lxc-start", "mmdebstrap", "/usr/share/keyrings/debian-archive-keyring.gpg"}
    )
    said: list[str] = []
    fix(
        diagnose(state_dir=Path("/s"), cache_dir=Path("/c"), host=host),
        on_line=said.append,
        host=host,
    )
    update, install = calls
    assert "update" in update
    assert install[-3:] == ("debian-archive-keyring", "lxc", "mmdebstrap")
    assert said == ["installing debian-archive-keyring, lxc, mmdebstrap"]


def test_nothing_to_fix_does_nothing(monkeypatch):
    monkeypatch.setattr(installation, "stream", None)
    host = FakeHost()
    fix(diagnose(state_dir=Path("/s"), cache_dir=Path("/c"), host=host), on_line=print, host=host)
    assert make_ready(state_dir=Path("/s"), cache_dir=Path("/c"), on_line=print, host=host)


def test_a_fix_needs_root(monkeypatch):
    monkeypatch.setattr(installation, "stream", None)
    host = FakeHost(root=False, absent={"ssh"})
    with pytest.raises(CapabilityError, match="needs root"):
        make_ready(state_dir=Path("/s"), cache_dir=Path("/c"), on_line=print, host=host)


def test_what_stays_missing_is_one_error(monkeypatch):
    monkeypatch.setattr(installation, "stream", lambda *_, **__: 0)
    host = FakeHost(machine="riscv64", absent={"lxc-start"})
    with pytest.raises(CapabilityError, match=r"(?s)system: .*riscv64.*lxc: not installed"):
        make_ready(state_dir=Path("/s"), cache_dir=Path("/c"), on_line=print, host=host)


def test_what_only_the_tests_use_is_asked_for_apart():
    absent = {"/usr/lib/postgresql/*/bin/initdb", "git", "less", "sudo"}
    host = FakeHost(absent={*absent, "/usr/lib/python3*/ensurepip/__init__.py"})

    assert states(host) == {}
    packages = [name for check in diagnose_tests(host) for name in check.packages]
    assert packages == ["postgresql", "git", "less", "sudo", "python3-venv"]
    assert {check.state for check in diagnose_tests(FakeHost())} == {CheckState.OK}
