"""What the lab's state knows of volumes, pools and tasks."""

from __future__ import annotations

from dataclasses import dataclass

from homelab.pve.upid import Upid, UpidError


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRecord:
    """A volume that belongs to a guest; size in bytes."""

    volid: str
    vmid: int
    size: int
    ctime: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRecord:
    """A pool with its members."""

    poolid: str
    comment: str
    vmids: tuple[int, ...]
    storages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task; it runs as long as it has no end. Times are seconds since the epoch."""

    upid: str
    starttime: int
    endtime: int | None
    exitstatus: str | None

    @property
    def name(self) -> Upid | None:
        """Its id in its parts; None for a damaged one."""
        try:
            return Upid.parse(self.upid)
        except UpidError:
            return None
