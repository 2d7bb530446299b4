"""Volumes as btrfs subvolumes: limits, snapshots and clones as those of a ZFS pool."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from homelab.lab.volumes import btrfs
from homelab.lab.volumes.directories import NEW, Trees
from homelab.process import run


class Subvolumes(Trees):
    """The volumes of one storage, in a btrfs file system whose quotas are on."""

    def __init__(self, root: Callable[[], Path]) -> None:
        self._root = root

    def prepare(self) -> None:
        """Make what must be there first."""
        for directory in (self._volumes, self._snapshots):
            directory.mkdir(mode=0o755, exist_ok=True)

    def make(self, name: str, size: int) -> bool:
        path = self.path(name)
        made = not path.is_dir()
        if made:
            btrfs.create(path)
        btrfs.limit(path, size)
        return made

    def limit(self, name: str, size: int) -> str | None:
        btrfs.limit(self.path(name), size)
        return None

    def used(self, name: str) -> int:
        """Bytes that a volume refers to; what was written counts once it is on its disk."""
        return btrfs.referenced(self.path(name))

    def snapshot(self, name: str, snapshot: str) -> None:
        kept = self.snapshot_path(name, snapshot)
        self._remove(kept)
        btrfs.snapshot(self.path(name), kept, read_only=True)

    def _replace(self, source: Path, target: Path, size: int) -> None:
        """Share everything with the source until one of the two changes it."""
        new = target.with_name(target.name + NEW)
        self._remove(new)
        btrfs.snapshot(source, new, read_only=False)
        btrfs.limit(new, size)
        self._remove(target)
        new.rename(target)

    def _remove(self, path: Path) -> None:
        if not path.is_dir():
            return
        try:
            btrfs.delete(path)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            run(("rm", "-rf", "--", path))  # a container made subvolumes of its own in it

    @property
    def _volumes(self) -> Path:
        return self._root() / "volumes"

    @property
    def _snapshots(self) -> Path:
        return self._root() / "snapshots"
