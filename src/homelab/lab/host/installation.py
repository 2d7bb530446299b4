"""Installing what this machine lacks for running real containers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from homelab.errors import CapabilityError
from homelab.lab.host.doctor import SUBIDS, Check, CheckState, check_subids, diagnose
from homelab.lab.host.machine import Host
from homelab.lab.images.ownership import ID_BASE, ID_COUNT
from homelab.process import stream

_CLUSTERS = Path("/etc/postgresql-common/createcluster.conf")


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
    for path in SUBIDS:
        if check_subids(host, path).state is CheckState.MISSING:
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
