"""The pool: a btrfs file system in a sparse file, mounted in the node's mount namespace alone.

The mount and its loop device end with the node, however the node ends.
"""

from __future__ import annotations

import os
from pathlib import Path

from homelab.errors import CommandError
from homelab.lab.host.machine import Host
from homelab.lab.host.namespaces import Node
from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.volumes import btrfs
from homelab.process import find_program, run

_GIBIBYTE = 1 << 30
_SMALLEST, _LARGEST = _GIBIBYTE // 4, 512 * _GIBIBYTE
_OPTIONS = "loop,noatime,commit=5"
"""Five seconds between commits, as ZFS has between its transaction groups."""


def missing() -> str | None:
    """Why this machine can't have a pool; None when it can."""
    if not Host().knows("btrfs"):
        return "the kernel does not know btrfs"
    if find_program("mkfs.btrfs") is None:
        return "mkfs.btrfs is not installed (package btrfs-progs)"
    if not Path("/dev/loop-control").exists():
        return "the kernel has no loop devices"
    return None


class Pool:
    """A file, and where the node sees what is in it."""

    def __init__(self, file: Path, target: Path, node: Node) -> None:
        self.file = file
        self._target = target
        self._node = node

    def root(self) -> Path:
        """Where the server sees the mounted file system."""
        return self._node.seen(self._target)

    def mount(self) -> None:
        """Mount it, and make it first when there is none; nothing happens when it is mounted.

        Raises:
            CommandError: the tools or the kernel refused.
        """
        if self._node.has_mount(self._target):
            return
        if not self.file.exists():
            self._make()
        self.file.chmod(0o600)
        self._target.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._node.run("mount", "-t", "btrfs", "-o", _OPTIONS, self.file, self._target)
        try:
            btrfs.enable_quota(self.root())
        except OSError as error:
            raise RuntimeFailureError(f"btrfs has no quotas here - {error.strerror}") from error
        self.root().chmod(0o755)

    def forget_writes(self) -> None:
        """Have the end of the mount not wait for the disk: the file is about to be removed."""
        if self._node.has_mount(self._target):
            options = f"remount,nobarrier,{_OPTIONS.partition(',')[2]}"
            self._node.run("mount", "-o", options, self._target, expected=range(256))

    def _make(self) -> None:
        self.file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        new = self.file.with_suffix(".new")
        new.unlink(missing_ok=True)
        space = os.statvfs(self.file.parent)
        free = space.f_bavail * space.f_frsize
        size = min(max(free * 9 // 10, _SMALLEST), _LARGEST) >> 20 << 20
        new.touch(mode=0o600)
        os.truncate(new, size)
        try:
            run(("mkfs.btrfs", "--quiet", "--nodiscard", "-d", "single", "-m", "single", new))
        except CommandError:
            new.unlink()
            raise
        new.rename(self.file)
