"""Limits of a container: memory, swap and CPU, in whichever control groups this host has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from homelab.lab.host import cgroups
from homelab.lab.runtime import Guest

_PERIOD = 100_000
"""Microseconds; the kernel's default."""
_MIB = 1 << 20
_MOST_TASKS = 4096
"""Processes and threads of one container: Linux has 32,768 ids for those of a whole machine."""


def v2_values(guest: Guest, *, cpus: int) -> dict[str, str]:
    """Files of a v2 group and what they get."""
    quota = _quota(guest, cpus)
    return {
        "memory.max": str(guest.memory * _MIB),
        "memory.swap.max": str(guest.swap * _MIB),
        "cpu.max": f"{quota or 'max'} {_PERIOD}",
        "cpu.weight": str(min(max(guest.cpuunits, 1), 10_000)),
        "pids.max": str(_MOST_TASKS),
    }


def v1_values(guest: Guest, *, cpus: int) -> Mapping[str, dict[str, str]]:
    """Files of v1 groups by controller, in the order in which they may be written."""
    return {
        "memory": {
            "memory.limit_in_bytes": str(guest.memory * _MIB),
            "memory.memsw.limit_in_bytes": str((guest.memory + guest.swap) * _MIB),
        },
        "cpu": {
            "cpu.cfs_quota_us": str(_quota(guest, cpus) or -1),
            "cpu.shares": str(max(guest.cpuunits * 1024 // 100, 2)),
        },
        "pids": {"pids.max": str(_MOST_TASKS)},
    }


class Resources:
    """Limits of the containers of one node."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._cpus = os.cpu_count() or 1
        self._v1 = cgroups.v1_mounts()

    def delegated(self) -> frozenset[str]:
        """The v2 controllers that the lab's groups can have."""
        with suppress(OSError):
            root = cgroups.unified_mount()
            return frozenset((root / "cgroup.controllers").read_text(encoding="ascii").split())
        return frozenset()

    def enforced(self) -> frozenset[str]:
        """Which of memory and cpu are limited at all."""
        return frozenset({"memory", "cpu"} & (self.delegated() | set(self._v1)))

    def enable(self, vmid: int) -> None:
        """Hand the controllers down to a container's groups, which are made here."""
        root = cgroups.unified_mount()
        own = root / self._group / str(vmid)
        own.mkdir(parents=True, exist_ok=True)
        for group in (root, root / self._group, own):
            for controller in sorted({"memory", "cpu", "pids", "io"} & self.delegated()):
                with suppress(OSError):  # a group with processes of its own refuses
                    (group / "cgroup.subtree_control").write_text(
                        f"+{controller}", encoding="ascii"
                    )

    def config(self, guest: Guest) -> tuple[str, ...]:
        """Lines for lxc's configuration."""
        available = self.delegated()
        return tuple(
            f"lxc.cgroup2.{name} = {value}"
            for name, value in v2_values(guest, cpus=self._cpus).items()
            if name.partition(".")[0] in available
        )

    def v1_groups(self, guest: Guest) -> tuple[Path, ...]:
        """The v1 groups that the container is to start in, made and limited."""
        groups: list[Path] = []
        for controller, values in v1_values(guest, cpus=self._cpus).items():
            if controller in self._v1:
                group = self._v1[controller] / self._group / str(guest.vmid)
                group.mkdir(parents=True, exist_ok=True)
                _write_v1(group, values)
                groups.append(group)
        return tuple(groups)

    def update(self, guest: Guest) -> None:
        """Change the limits of a running container."""
        payload = cgroups.unified_mount() / self._group / str(guest.vmid) / "payload"
        for name, value in v2_values(guest, cpus=self._cpus).items():
            if (payload / name).exists():
                (payload / name).write_text(value, encoding="ascii")
        self.v1_groups(guest)

    def remove(self, vmid: int) -> None:
        """Remove a container's v1 groups; it does not run."""
        for mount in dict.fromkeys(self._v1.values()):
            cgroups.remove(mount / self._group / str(vmid))

    def memory_group(self, vmid: int) -> Path | None:
        """Where the v1 memory controller counts a container; None where v2 does."""
        mount = self._v1.get("memory")
        return mount / self._group / str(vmid) if mount is not None else None


def _quota(guest: Guest, cpus: int) -> int:
    """Microseconds per period; 0 is no limit."""
    limit = guest.cpulimit or float(guest.cores or 0)
    return int(limit * _PERIOD) if 0 < limit < cpus else 0


def _write_v1(group: Path, values: Mapping[str, str]) -> None:
    """Write limits; memory before memory and swap, unless that would shrink below the other."""
    pairs = list(values.items())
    for order in (pairs, pairs[::-1]):
        refused = False
        for name, value in order:
            if not (group / name).exists():
                continue
            try:
                (group / name).write_text(value, encoding="ascii")
            except OSError:
                refused = True
        if not refused:
            return
