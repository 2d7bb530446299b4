"""What this machine lacks for running real containers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from homelab.lab.host.limits import HostLimits
from homelab.lab.host.machine import Host
from homelab.lab.images.ownership import ID_BASE, ID_COUNT

PACKAGES: Mapping[str, tuple[str, ...]] = {
    "lxc": ("lxc-start", "lxc-usernsexec"),
    "mmdebstrap": ("mmdebstrap",),
    "uidmap": ("newuidmap", "newgidmap"),
    "iproute2": ("ip",),
    "openssh-client": ("ssh",),
    "tar": ("tar",),
    "util-linux": ("nsenter", "unshare", "setsid", "losetup"),
    "zstd": ("zstd",),
}
"""The programs that a lab uses, by the Debian package that has them."""

POSTGRES = "/usr/lib/postgresql"
"""Where Debian has the server's programs, below a directory for each version."""

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUBIDS = ("/etc/subuid", "/etc/subgid")
_DISK_NEEDED = {"state": 4 << 30, "cache": 3 << 30}
_MEMORY_NEEDED = 4 << 30
"""28 containers with Docker took 2.3 GB."""


class CheckState(StrEnum):
    """What a check found."""

    OK = "ok"
    MISSING = "missing"
    """Real containers can't run."""
    DEGRADED = "degraded"
    """They run, with less than a real node has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: CheckState
    detail: str
    fix: str | None = None
    """What `--fix` would do; None where only a person can help."""
    packages: tuple[str, ...] = ()
    """What the fix installs."""


def diagnose(*, state_dir: Path, cache_dir: Path, host: Host | None = None) -> tuple[Check, ...]:
    """Look at everything; changes nothing that lasts and takes some hundredths of a second."""
    host = host or Host()
    return (
        _root(host),
        _system(host),
        *_programs(host),
        _package(
            "debian-archive-keyring",
            None if host.has_file(_KEYRING) else f"{_KEYRING} is not there",
        ),
        *(check_subids(host, path) for path in SUBIDS),
        _cgroups(host),
        *_kernel(host),
        _btrfs(host),
        _limits(),
        _disk(host, "state", state_dir),
        _disk(host, "cache", cache_dir),
        _memory(host),
    )


def diagnose_tests(host: Host | None = None) -> tuple[Check, ...]:
    """What only the project's own integration tests use."""
    host = host or Host()
    server = host.has_match(POSTGRES, "*/bin/initdb")
    has_ensurepip = host.has_match("/usr/lib", "python3*/ensurepip/__init__.py")
    return (
        _package("postgresql", None if server else "no server is installed"),
        *(
            _package(name, None if host.has_program(name) else f"not installed: {name}")
            for name in ("git", "less", "sudo")
        ),
        _package(
            "python3-venv",
            None if host.has_program("python3") and has_ensurepip else "no ensurepip",
        ),
    )


def _ok(name: str, detail: str) -> Check:
    return Check(name=name, state=CheckState.OK, detail=detail)


def _missing(name: str, detail: str, fix: str | None = None, *packages: str) -> Check:
    return Check(name=name, state=CheckState.MISSING, detail=detail, fix=fix, packages=packages)


def _package(name: str, problem: str | None) -> Check:
    if problem is None:
        return _ok(name, "installed")
    return _missing(name, problem, f"install {name}", name)


def _degraded(name: str, detail: str) -> Check:
    return Check(name=name, state=CheckState.DEGRADED, detail=detail)


def _root(host: Host) -> Check:
    if host.is_root():
        return _ok("root", "this process is root")
    return _missing("root", "real containers need root; run with sudo")


def _system(host: Host) -> Check:
    machine = host.architecture()
    if machine != "x86_64":
        return _missing("system", f"container templates are for x86_64; this is {machine}")
    if not host.has_program("apt-get"):
        return _missing("system", "there is no apt-get; Debian or Ubuntu is needed")
    return _ok("system", "Linux on x86_64 with apt")


def _programs(host: Host) -> Iterable[Check]:
    for package, programs in PACKAGES.items():
        absent = ", ".join(name for name in programs if not host.has_program(name))
        yield _package(package, f"not installed: {absent}" if absent else None)


def check_subids(host: Host, path: str) -> Check:
    """Whether root has the containers' ids in a file such as /etc/subuid, and nobody else."""
    last = ID_BASE + ID_COUNT - 1
    has, others = False, []
    for line in host.read(path).splitlines():
        user, _, rest = line.partition(":")
        first, _, count = rest.partition(":")
        if not (first.isdecimal() and count.isdecimal()):
            continue
        end = int(first) + int(count) - 1
        if user in {"root", "0"}:
            has |= int(first) <= ID_BASE and end >= last
        elif int(first) <= last and end >= ID_BASE:
            others.append(user)
    if not has:
        line = f"root:{ID_BASE}:{ID_COUNT}"
        return _missing(path, "root has no range of ids for containers", f"add {line}")
    if others:
        names = ", ".join(sorted(set(others)))
        return _degraded(
            path,
            f"{names} may use ids of the containers, and so is root in each of them: give another "
            f"range (usermod --del-subuids, --add-subuids)",
        )
    return _ok(path, f"root may use {ID_BASE} to {last}")


def _cgroups(host: Host) -> Check:
    kinds = [line.split()[2] for line in host.read("/proc/self/mounts").splitlines() if line]
    if "cgroup2" not in kinds:
        return _missing("control groups", "cgroup v2 is not mounted")
    if "cgroup" in kinds:
        return _degraded(
            "control groups",
            "cgroup v1 holds the controllers: the lab sets limits there, and programs in "
            "containers don't see them",
        )
    return _ok("control groups", "cgroup v2")


def _kernel(host: Host) -> Iterable[Check]:
    if not host.is_root() or not host.has_program("unshare") or not host.has_program("ip"):
        return
    probes = {
        "bridges": ("unshare", "--net", "ip", "link", "add", "probe0", "type", "bridge"),
        "veth": ("unshare", "--net", "ip", "link", "add", "probe0", "type", "veth"),
        "user namespaces": ("unshare", "--user", "--mount", "--net", "--cgroup", "--ipc", "true"),
    }
    for name, argv in probes.items():
        yield _ok(name, "work") if host.works(argv) else _missing(name, "the kernel refuses")
    if host.knows("overlay"):
        yield _ok("overlayfs", "known")
    else:
        yield _missing("overlayfs", "the kernel does not know it")


def _btrfs(host: Host) -> Check:
    if not host.knows("btrfs"):
        return _degraded(
            "btrfs",
            "the kernel does not know it: volume sizes are recorded and not enforced, and "
            "snapshots are copies",
        )
    if host.has_program("mkfs.btrfs"):
        return _ok("btrfs", "known, for the volumes of local-zfs")
    return _missing("btrfs", "not installed: mkfs.btrfs", "install btrfs-progs", "btrfs-progs")


def _limits() -> Check:
    low = HostLimits().too_low()
    if not low:
        return _ok("host limits", "high enough for many containers")
    names = ", ".join(f"{name.replace('/', '.')}={value}" for name, value in low.items())
    return _ok("host limits", f"low ({names}); raised while a lab is up, and put back after")


def _enough(name: str, detail: str, found: int, needed: int) -> Check:
    """Both in bytes."""
    if found >= needed:
        return _ok(name, detail)
    return _degraded(name, f"{detail}, {needed >> 30} GiB are advised")


def _disk(host: Host, name: str, directory: Path) -> Check:
    free = host.free_bytes(directory)
    detail = f"{directory}: {free / (1 << 30):.1f} GiB free"
    return _enough(f"disk ({name})", detail, free, _DISK_NEEDED[name])


def _memory(host: Host) -> Check:
    for line in host.read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) << 10
            detail = f"{available / (1 << 30):.1f} GiB available"
            return _enough("memory", detail, available, _MEMORY_NEEDED)
    return _degraded("memory", "unknown")
