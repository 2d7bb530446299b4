"""Volumes as plain directories, for a kernel that offers nothing better: no limits, whole copies."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from pathlib import Path

from homelab.lab.runtime import RuntimeFailureError
from homelab.process import run

NEW = ".new"
"""What the name of a volume ends in that is not whole yet."""
_MEASURED_FOR = 60.0


class Trees(ABC):
    """The volumes of one storage as directories beside each other, and those of its snapshots."""

    snapshots: bool = True

    @property
    @abstractmethod
    def _volumes(self) -> Path: ...

    @property
    @abstractmethod
    def _snapshots(self) -> Path: ...

    @abstractmethod
    def _remove(self, path: Path) -> None:
        """Remove a volume or a snapshot; nothing happens when there is none."""

    @abstractmethod
    def _replace(self, source: Path, target: Path, size: int) -> None:
        """Put what `source` holds in the place of `target`; cut off anywhere, it can be done again."""

    def path(self, name: str) -> Path:
        """Where a volume's content is; a linked clone's name starts with that of its base."""
        return self._volumes / name.rpartition("/")[2]

    def free(self, name: str) -> None:
        path = self.path(name)
        for kept in (*self._snapshots.glob(f"{path.name}@*"), path.with_name(path.name + NEW)):
            self._remove(kept)
        self._remove(path)

    def settle(self, name: str) -> None:
        """Nothing ever waits."""
        del name

    def delete_snapshot(self, name: str, snapshot: str) -> None:
        self._remove(self.snapshot_path(name, snapshot))

    def rollback(self, name: str, snapshot: str, size: int) -> None:
        kept = self.snapshot_path(name, snapshot)
        if not kept.is_dir():
            raise RuntimeFailureError(f"snapshot '{kept.name}' does not exist")
        self._replace(kept, self.path(name), size)

    def snapshot_path(self, name: str, snapshot: str) -> Path:
        return self._snapshots / f"{self.path(name).name}@{snapshot}"

    def clone(self, source: Path, name: str, size: int) -> bool:
        if not source.is_relative_to(self._volumes) and not source.is_relative_to(self._snapshots):
            return False
        self._replace(source, self.path(name), size)
        return True

    def rename(self, old: str, new: str) -> None:
        if self.path(old).is_dir():
            self.path(old).rename(self.path(new))


class Directories(Trees):
    """The volumes of one storage, under one directory."""

    def __init__(self, root: Path, *, snapshots: bool = True) -> None:
        self.snapshots = snapshots
        self._root = root
        self._used: dict[str, tuple[float, int]] = {}

    @property
    def _volumes(self) -> Path:
        return self._root

    @property
    def _snapshots(self) -> Path:
        return self._root / ".snapshots"

    def make(self, name: str, size: int) -> bool:
        del size
        path = self.path(name)
        if path.is_dir():
            return False
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.mkdir(mode=0o755)
        return True

    def limit(self, name: str, size: int) -> str | None:
        del size
        return f"{name}: the new size is recorded, and not enforced by this storage"

    def used(self, name: str) -> int:
        """Bytes that a volume takes, measured once a minute."""
        measured, size = self._used.get(name, (float("-inf"), 0))
        if time.monotonic() - measured > _MEASURED_FOR:
            done = run(("du", "-s", "-B1", "-x", self.path(name)), expected=(0, 1))
            size = int(done.stdout.split()[0]) if done.stdout else 0
            self._used[name] = (time.monotonic(), size)
        return size

    def snapshot(self, name: str, snapshot: str) -> None:
        self._replace(self.path(name), self.snapshot_path(name, snapshot), 0)

    def _remove(self, path: Path) -> None:
        remove_tree(path)

    def _replace(self, source: Path, target: Path, size: int) -> None:
        """Copy with owners, modes and extended attributes; whole or not at all."""
        del size
        new = target.with_name(target.name + NEW)
        remove_tree(new)
        new.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        run(("cp", "--archive", "--reflink=auto", "--", source, new))
        remove_tree(target)
        new.rename(target)


def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it, quickly (rm is twice as fast as shutil)."""
    if path.exists():
        run(("rm", "-rf", "--one-file-system", "--", path))
