"""The storages of the lab's node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from homelab.lab.failures import ApiFailureError


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """One storage: what it is and what it may hold."""

    name: str
    type: str
    content: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def snapshots(self) -> bool:
        """Whether containers on it can have snapshots and linked clones: not in raw images."""
        return self.type == "zfspool"

    def volume_name(self, vmid: int, disk: int, *, size: int) -> str:
        """The name of a guest's volume on this storage; without a size a `dir` has no image."""
        if self.type == "dir":
            kind = f"vm-{vmid}-disk-{disk}.raw" if size else f"subvol-{vmid}-disk-{disk}.subvol"
            return f"{vmid}/{kind}"
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
    Storage(
        name="local-dir",
        type="dir",
        content=("rootdir", "images"),
        settings={"path": "/var/lib/pve/local-dir"},
    ),
)
DEFAULT_STORAGE = "local-zfs"
DUMP_STORAGE = "local"


def find_storage(name: str) -> Storage | None:
    """The storage of that name, where there is one."""
    return next((storage for storage in STORAGES if storage.name == name), None)


def storage_named(name: str) -> Storage:
    """The storage of that name; raises ApiFailureError where there is none."""
    storage = find_storage(name)
    if storage is None:
        raise ApiFailureError(f"storage '{name}' does not exist")
    return storage


def storage_for_volumes(name: str) -> Storage:
    """The storage of that name, which may hold containers' volumes.

    Raises:
        ApiFailureError: there is none, or it may not; PVE's text.
    """
    storage = storage_named(name)
    if "rootdir" not in storage.content:
        raise ApiFailureError(f"storage '{name}' does not support container directories")
    return storage
