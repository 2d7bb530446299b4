"""The lab's control groups: one parent for everything of a node, so that one write ends it all."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from homelab.errors import CapabilityError
from homelab.polling import wait_until

_log = logging.getLogger(__name__)

_V1_CONTROLLERS = ("memory", "cpu", "pids")
"""Controllers that are worth joining where cgroup v1 still holds them."""


def parent_name(state_dir: Path) -> str:
    """The parent group's name; it depends on the state directory alone, so a crash can't lose it."""
    return f"homelab-{hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:12]}"


def unified_mount(mounts: Path = Path("/proc/self/mounts")) -> Path:
    """Where this host has cgroup v2 mounted.

    Raises:
        CapabilityError: nowhere.
    """
    for line in mounts.read_text(encoding="utf-8").splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(where)
    raise CapabilityError(
        "this host has no cgroup v2 mounted", hint="mount it: mount -t cgroup2 none /sys/fs/cgroup"
    )


def v1_mounts(mounts: Path = Path("/proc/self/mounts")) -> dict[str, Path]:
    """The v1 hierarchies of interest by controller; empty on a host that has cgroup v2 alone."""
    found: dict[str, Path] = {}
    for line in mounts.read_text(encoding="utf-8").splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup":
            for controller in set(options.split(",")).intersection(_V1_CONTROLLERS):
                found[controller] = Path(where)
    return found


def v1_groups(name: str) -> tuple[Path, ...]:
    """The group `name` in every v1 hierarchy that has it."""
    roots = dict.fromkeys(v1_mounts().values())
    return tuple(root / name for root in roots if (root / name).is_dir())


def members(group: Path) -> Iterator[int]:
    """Every process in a group or below it."""
    for directory, _, _ in os.walk(group):
        with suppress(OSError):
            for line in Path(directory, "cgroup.procs").read_text(encoding="ascii").split():
                yield int(line)


def populated(group: Path) -> bool:
    """Whether a process is in a (v2) group or below it."""
    try:
        return "populated 1" in (group / "cgroup.events").read_text(encoding="ascii")
    except OSError:
        return False


def kill(group: Path, *, timeout: float = 10.0) -> None:
    """End every process in a (v2) group and below, and wait until they are gone."""
    if not populated(group):
        return
    try:
        (group / "cgroup.kill").write_text("1", encoding="ascii")
    except OSError:  # Linux before 5.14, or the group is gone
        for pid in members(group):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: not populated(group),
        what=f"the end of every process in {group.name}",
        timeout=timeout,
        interval=0.01,
        last_state=lambda: f"still there: {list(members(group))}",
    )


def remove(group: Path, *, timeout: float = 5.0) -> None:
    """Remove an empty group with all groups below it.

    A process that has just ended keeps its group busy for a moment.
    """

    def gone() -> bool:
        for directory, _, _ in os.walk(group, topdown=False):
            with suppress(FileNotFoundError):
                try:
                    Path(directory).rmdir()
                except OSError as error:
                    if error.errno != errno.EBUSY:
                        raise
        return not group.exists()

    wait_until(gone, what=f"the control group {group} to be empty", timeout=timeout, interval=0.01)
