"""What this machine lacks for running real containers, and installing it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from homelab.errors import CapabilityError
from homelab.lab.host.limits import HostLimits
from homelab.lab.host.machine import Host
from homelab.lab.images.ownership import ID_BASE, ID_COUNT
from homelab.process import stream

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

_CLUSTERS = Path("/etc/postgresql-common/createcluster.conf")
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SUBIDS = ("/etc/subuid", "/etc/subgid")
_DISK_NEEDED = {"state": 4 << 30, "cache": 3 << 30}
_MEMORY_NEEDED = 4 << 20
"""KiB; 28 containers with Docker took 2.3 GB."""


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
        _keyring(host),
        *(_subids(host, path) for path in _SUBIDS),
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
        _ok("postgresql", "installed")
        if server
        else _missing("postgresql", "no server is installed", "install postgresql", "postgresql"),
        *(
            _ok(name, "installed")
            if host.has_program(name)
            else _missing(name, f"not installed: {name}", f"install {name}", name)
            for name in ("git", "less", "sudo")
        ),
        _ok("python3-venv", "installed")
        if host.has_program("python3") and has_ensurepip
        else _missing("python3-venv", "no ensurepip", "install python3-venv", "python3-venv"),
    )


def fix(
    checks: Iterable[Check], *, on_line: Callable[[str], None], host: Host | None = None
) -> None:
    """Do what the checks' fixes say: install packages, and give root its range of ids.

    `on_line` gets each action and the package tools' output.

    Raises:
        CapabilityError: not root.
        CommandError: the installation failed.
    """
    host = host or Host()
    wanted = [check for check in checks if check.state is CheckState.MISSING and check.fix]
    if not wanted:
        return
    if not host.is_root():
        raise CapabilityError("installing what is missing needs root", hint="run with sudo")
    packages = sorted({name for check in wanted for name in check.packages})
    if packages:
        install(packages, on_line=on_line)
    for path in _SUBIDS:
        if _subids(host, path).state is not CheckState.OK:
            on_line(f"adding root:{ID_BASE}:{ID_COUNT} to {path}")
            with Path(path).open("a", encoding="utf-8") as handle:
                handle.write(f"root:{ID_BASE}:{ID_COUNT}\n")


def install(packages: Sequence[str], *, on_line: Callable[[str], None]) -> None:
    """Install packages with apt, without what they only recommend.

    Raises:
        CommandError: it failed.
    """
    on_line(f"installing {', '.join(packages)}")
    if "postgresql" in packages and not _CLUSTERS.exists():
        # Debian would start a server; tests start one of their own, and nobody asked for another.
        _CLUSTERS.parent.mkdir(parents=True, exist_ok=True)
        _CLUSTERS.write_text("create_main_cluster = false\n", encoding="utf-8")
    env = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    apt = ("apt-get", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", "--quiet")
    # A third party's archive that can't be reached must not stand in the way.
    stream((*apt, "update"), on_line, env=env, expected=(0, 100))
    stream((*apt, "--yes", "--no-install-recommends", "install", *packages), on_line, env=env)


def make_ready(
    *,
    state_dir: Path,
    cache_dir: Path,
    on_line: Callable[[str], None],
    host: Host | None = None,
) -> tuple[Check, ...]:
    """Diagnose, fix what can be fixed, and return what was found at the end.

    Raises:
        CapabilityError: lists what is still missing.
        CommandError: the installation failed.
    """
    checks = diagnose(state_dir=state_dir, cache_dir=cache_dir, host=host)
    if any(check.state is CheckState.MISSING and check.fix for check in checks):
        fix(checks, on_line=on_line, host=host)
        checks = diagnose(state_dir=state_dir, cache_dir=cache_dir, host=host)
    missing = [check for check in checks if check.state is CheckState.MISSING]
    if missing:
        listing = "".join(f"\n  {check.name}: {check.detail}" for check in missing)
        raise CapabilityError(
            f"this machine can't run real containers:{listing}",
            hint="see 'homelab doctor', or use '--runtime memory'",
        )
    return checks


def _ok(name: str, detail: str) -> Check:
    return Check(name=name, state=CheckState.OK, detail=detail)


def _missing(name: str, detail: str, fix: str | None = None, *packages: str) -> Check:
    return Check(
        name=name, state=CheckState.MISSING, detail=detail, fix=fix, packages=tuple(packages)
    )


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
        absent = [name for name in programs if not host.has_program(name)]
        if absent:
            detail = f"not installed: {', '.join(absent)}"
            yield _missing(package, detail, f"install {package}", package)
        else:
            yield _ok(package, "installed")


def _keyring(host: Host) -> Check:
    if host.has_file(_KEYRING):
        return _ok("debian-archive-keyring", "installed")
    name = "debian-archive-keyring"
    return _missing(name, f"{_KEYRING} is not there", f"install {name}", name)


def _subids(host: Host, path: str) -> Check:
    for line in host.read(path).splitlines():
        user, _, rest = line.partition(":")
        first, _, count = rest.partition(":")
        if user not in {"root", "0"} or not (first.isdecimal() and count.isdecimal()):
            continue
        if int(first) <= ID_BASE and int(first) + int(count) >= ID_BASE + ID_COUNT:
            return _ok(path, f"root may use {ID_BASE} to {ID_BASE + ID_COUNT - 1}")
    line = f"root:{ID_BASE}:{ID_COUNT}"
    return _missing(path, "root has no range of ids for containers", f"add {line}")


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
    if "\toverlay\n" in host.read("/proc/filesystems") or host.works(("modprobe", "overlay")):
        yield _ok("overlayfs", "known")
    else:
        yield _missing("overlayfs", "the kernel does not know it")


def _only_asked(host: Host) -> tuple[str, ...]:
    """An ordinary user may ask for a module, and root loads it."""
    return () if host.is_root() else ("--dry-run",)


def _btrfs(host: Host) -> Check:
    if not (
        "\tbtrfs\n" in host.read("/proc/filesystems")
        or host.works(("modprobe", "--quiet", *_only_asked(host), "btrfs"))
    ):
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


def _disk(host: Host, name: str, directory: Path) -> Check:
    free, needed = host.free_bytes(directory), _DISK_NEEDED[name]
    detail = f"{directory}: {free / (1 << 30):.1f} GiB free"
    if free >= needed:
        return _ok(f"disk ({name})", detail)
    return _degraded(f"disk ({name})", f"{detail}, {needed >> 30} GiB are advised")


def _memory(host: Host) -> Check:
    for line in host.read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1])
            detail = f"{available / (1 << 20):.1f} GiB available"
            if available >= _MEMORY_NEEDED:
                return _ok("memory", detail)
            return _degraded("memory", f"{detail}, {_MEMORY_NEEDED >> 20} GiB are advised")
    return _degraded("memory", "unknown")
