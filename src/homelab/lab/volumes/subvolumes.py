"""Volumes as btrfs subvolumes: limits, snapshots and clones as those of a ZFS pool."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.volumes import btrfs
from homelab.process import run

_NEW = ".new"


class Subvolumes:
    """The volumes of one storage, in a btrfs file system whose quotas are on."""

    snapshots = True

    def __init__(self, root: Callable[[], Path]) -> None:
        self._root = root

    def prepare(self) -> None:
        """Make what must be there first."""
        for directory in (self._volumes, self._snapshots):
            directory.mkdir(mode=0o755, exist_ok=True)

    def path(self, name: str) -> Path:
        """Where a volume's content is; a linked clone's name starts with that of its base."""
        return self._volumes / name.rpartition("/")[2]

    def make(self, name: str, size: int) -> bool:
        path = self.path(name)
        made = not path.is_dir()
        if made:
            btrfs.create(path)
        btrfs.limit(path, size)
        return made

    def free(self, name: str) -> None:
        path = self.path(name)
        for kept in (*self._snapshots.glob(f"{path.name}@*"), path.with_name(path.name + _NEW)):
            _delete(kept)
        _delete(path)

    def limit(self, name: str, size: int) -> str | None:
        btrfs.limit(self.path(name), size)
        return None

    def settle(self, name: str) -> None:
        """Nothing ever waits."""

    def used(self, name: str) -> int:
        """Bytes that a volume refers to; what was written counts once it is on its disk."""
        return btrfs.referenced(self.path(name))

    def snapshot(self, name: str, snapshot: str) -> None:
        kept = self.snapshot_path(name, snapshot)
        _delete(kept)
        btrfs.snapshot(self.path(name), kept, read_only=True)

    def delete_snapshot(self, name: str, snapshot: str) -> None:
        _delete(self.snapshot_path(name, snapshot))

    def rollback(self, name: str, snapshot: str, size: int) -> None:
        """Put back what was kept; cut off anywhere, it can be done again."""
        kept = self.snapshot_path(name, snapshot)
        if not kept.is_dir():
            raise RuntimeFailureError(f"snapshot '{kept.name}' does not exist")
        self._replace(kept, self.path(name), size)

    def snapshot_path(self, name: str, snapshot: str) -> Path:
        return self._snapshots / f"{self.path(name).name}@{snapshot}"

    def clone(self, source: Path, name: str, size: int) -> bool:
        """Share everything with the source until one of the two changes it."""
        if not source.is_relative_to(self._root()):
            return False
        self._replace(source, self.path(name), size)
        return True

    def rename(self, old: str, new: str) -> None:
        if self.path(old).is_dir():
            self.path(old).rename(self.path(new))

    def _replace(self, source: Path, target: Path, size: int) -> None:
        new = target.with_name(target.name + _NEW)
        _delete(new)
        btrfs.snapshot(source, new, read_only=False)
        btrfs.limit(new, size)
        _delete(target)
        new.rename(target)

    @property
    def _volumes(self) -> Path:
        return self._root() / "volumes"

    @property
    def _snapshots(self) -> Path:
        return self._root() / "snapshots"


def _delete(path: Path) -> None:
    if not path.is_dir():
        return
    try:
        btrfs.delete(path)
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        run(("rm", "-rf", "--", path))  # a container made subvolumes of its own in it
