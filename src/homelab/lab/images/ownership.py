"""The id map of unprivileged containers, and giving a tree the ids that it has under that map."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

ID_BASE = 100_000
"""Host id of a container's root, as Proxmox VE maps it."""
ID_COUNT = 65_536

_FILE_CAPABILITY = "security.capability"
_VFS_CAP_REVISION_MASK = 0xFF000000
_VFS_CAP_REVISION_2 = 0x02000000
_VFS_CAP_REVISION_3 = 0x03000000


def shifted_file_capability(value: bytes, root: int = ID_BASE) -> bytes:
    """A file capability (version 2) as the version that holds for a user namespace's root.

    The kernel ignores version 2 inside a user namespace; version 3 names the namespace's root
    (linux/capability.h, struct vfs_ns_cap_data).
    """
    (magic,) = struct.unpack_from("<I", value)
    if magic & _VFS_CAP_REVISION_MASK != _VFS_CAP_REVISION_2:
        return value
    flags = magic & ~_VFS_CAP_REVISION_MASK
    return struct.pack("<I", _VFS_CAP_REVISION_3 | flags) + value[4:20] + struct.pack("<I", root)


def shift_tree(root: Path, base: int = ID_BASE) -> int:
    """Add `base` to the owner and group of everything below `root`; returns how many files.

    chown(2) clears setuid bits and file capabilities, so both are put back. Hard links are
    shifted once.
    """
    seen: set[tuple[int, int]] = set()
    count = _shift(root, base, seen)
    for directory, folders, files in os.walk(root):
        for name in (*folders, *files):
            count += _shift(Path(directory, name), base, seen)
    return count


def _shift(path: Path, base: int, seen: set[tuple[int, int]]) -> int:
    found = path.lstat()
    if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
        if (found.st_dev, found.st_ino) in seen:
            return 0
        seen.add((found.st_dev, found.st_ino))
    capability = _file_capability(path) if stat.S_ISREG(found.st_mode) else None
    os.lchown(path, found.st_uid + base, found.st_gid + base)
    if found.st_mode & (stat.S_ISUID | stat.S_ISGID) and not stat.S_ISLNK(found.st_mode):
        path.chmod(stat.S_IMODE(found.st_mode))
    if capability is not None:
        os.setxattr(path, _FILE_CAPABILITY, shifted_file_capability(capability, base))
    return 1


def _file_capability(path: Path) -> bytes | None:
    try:
        return os.getxattr(path, _FILE_CAPABILITY)
    except OSError:
        return None
