"""Volumes as ext4 file systems in sparse files, as Proxmox VE keeps them on a `dir` storage.

A volume is mounted in the node's mount namespace from its first use on.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from homelab.errors import CommandError
from homelab.lab.host.namespaces import Node
from homelab.lab.images.ownership import ID_BASE
from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.volumes import loops
from homelab.lab.volumes.directories import Directories
from homelab.process import find_program, run

RAW, _NEW, _GROW = ".raw", ".new", ".grow"


def missing() -> str | None:
    """Why this machine can't have them; None when it can."""
    if find_program("mkfs.ext4") is None:
        return "mkfs.ext4 is not installed (package e2fsprogs)"
    if not Path("/dev/loop-control").exists():
        return "the kernel has no loop devices"
    return None


class RawImages:
    """The volumes of one storage that have a size."""

    snapshots = False

    def __init__(self, root: Path, node: Node) -> None:
        self._root = root
        self._node = node
        self.unlimited = Directories(root / "subvol", snapshots=False)
        """Keeps the volumes of the storage that have no size."""
        self._lock = threading.Lock()

    def path(self, name: str) -> Path:
        """Where a volume's content is; it is mounted when it exists."""
        if self._file(name).exists():
            self._mount(name)
        return self._node.seen(self._target(name))

    def make(self, name: str, size: int) -> bool:
        file = self._file(name)
        made = not file.exists()
        if made:
            file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            new = file.with_suffix(_NEW)
            new.unlink(missing_ok=True)
            new.touch(mode=0o600)
            os.truncate(new, size)
            options = f"root_owner={ID_BASE}:{ID_BASE},lazy_itable_init=1,nodiscard"
            run(("mkfs.ext4", "-q", "-F", "-m", "0", "-E", options, new))
            new.rename(file)
        self._mount(name)
        return made

    def free(self, name: str) -> None:
        file, target = self._file(name), self._target(name)
        if self._node.holder() is not None:
            self._node.run("umount", "--lazy", "--quiet", target, expected=(0, 1, 32))
        for path in (file, file.with_suffix(_NEW), file.with_suffix(_GROW)):
            path.unlink(missing_ok=True)
        loops.release(file)
        for directory in (target, file.parent):
            if directory.is_dir() and not any(directory.iterdir()):
                directory.rmdir()

    def limit(self, name: str, size: int) -> str | None:
        """Grow the file, and the file system in it as soon as the kernel lets it."""
        file = self._file(name)
        if file.stat().st_size >= size:
            return None
        os.truncate(file, size)
        marker = file.with_suffix(_GROW)
        try:
            device = next(iter(loops.devices(file)))
            self._node.run("losetup", "--set-capacity", device)
            self._node.run("resize2fs", device)
        except (StopIteration, CommandError):  # it is in no device, or the kernel refused
            marker.touch()
            self.settle(name)
        if marker.exists():
            return f"{name}: the kernel refuses to grow it in use; it grows at the next start"
        return None

    def settle(self, name: str) -> None:
        """Grow a file system that could not grow while it was in use."""
        file = self._file(name)
        marker = file.with_suffix(_GROW)
        if not marker.exists():
            return
        target = self._target(name)
        self._node.run("umount", "--quiet", target, expected=(0, 1, 32))
        if loops.release(file, timeout=1.0):  # else a container has it: nothing may touch the file
            run(("e2fsck", "-f", "-p", file), expected=(0, 1))
            run(("resize2fs", file))
            marker.unlink()
        self._mount(name)

    def used(self, name: str) -> int:
        space = os.statvfs(self._node.seen(self._target(name)))
        return (space.f_blocks - space.f_bfree) * space.f_frsize

    def snapshot(self, name: str, snapshot: str) -> None:
        del name, snapshot
        raise RuntimeFailureError("snapshot feature is not available")

    def delete_snapshot(self, name: str, snapshot: str) -> None:
        """There is none."""

    def rollback(self, name: str, snapshot: str, size: int) -> None:
        del size
        raise RuntimeFailureError(f"snapshot '{name}@{snapshot}' does not exist")

    def snapshot_path(self, name: str, snapshot: str) -> Path:
        raise RuntimeFailureError(f"snapshot '{name}@{snapshot}' does not exist")

    def clone(self, source: Path, name: str, size: int) -> bool:
        del source, name, size
        return False

    def rename(self, old: str, new: str) -> None:
        source, target = self._file(old), self._file(new)
        if source.exists():
            self._node.run("umount", "--quiet", self._target(old), expected=(0, 1, 32))
            target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            source.rename(target)

    def _mount(self, name: str) -> None:
        target = self._target(name)
        with self._lock:
            if self._node.has_mount(target):
                return
            target.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._node.run("mount", "-t", "ext4", "-o", "loop,noatime", self._file(name), target)

    def _file(self, name: str) -> Path:
        return self._root / "images" / name

    def _target(self, name: str) -> Path:
        return self._root / "mounted" / name.rpartition("/")[2]
