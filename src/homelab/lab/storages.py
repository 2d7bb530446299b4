"""The storages of the lab's node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """One storage: what it is and what it may hold."""

    name: str
    type: str
    content: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)

    def volume_name(self, vmid: int, disk: int) -> str:
        """The name of a guest's volume on this storage."""
        return f"subvol-{vmid}-disk-{disk}"


STORAGES: tuple[Storage, ...] = (
    Storage(
        name="local",
        type="dir",
        content=("vztmpl", "iso", "backup"),
        settings={"path": "/var/lib/vz"},
    ),
    Storage(
        name="local-zfs",
        type="zfspool",
        content=("rootdir", "images"),
        settings={"pool": "rpool/data", "sparse": "1"},
    ),
)
DEFAULT_STORAGE = "local-zfs"
DUMP_STORAGE = "local"


def storage_named(name: str) -> Storage | None:
    """The storage of that name."""
    return next((storage for storage in STORAGES if storage.name == name), None)
