"""What the lab needs of btrfs, as calls to the kernel: subvolumes, snapshots and their limits.

Structures and numbers are those of linux/btrfs.h. Every function raises OSError.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MAGIC = 0x94
_PAGE = 4096
_WRITE, _READ = 1, 2
_READ_ONLY = 1 << 1
_MAX_REFERENCED = 1 << 0
_NO_LIMIT = (1 << 64) - 1
_ALL = (1 << 64) - 1
_ENABLE_QUOTA = 1
_FIRST_FREE_ID = 256
"""The inode number of a subvolume's own directory."""
_QUOTA_TREE = 8
_QGROUP_INFO_KEY = 242

_NAMED = struct.Struct("=q4088s")
_NAMED_V2 = struct.Struct("=qQQ4Q4040s")
_QUOTA = struct.Struct("=QQ")
_LIMIT = struct.Struct("=QQQQQQ")
_LOOKUP = struct.Struct("=QQ4080s")
_KEY = struct.Struct("=7Q4I4Q")
_HEADER = struct.Struct("=QQQII")
_USE = struct.Struct("=5Q")


def _number(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | _MAGIC << 8 | number


_SUBVOL_CREATE = _number(_WRITE, 14, _PAGE)
_SNAP_DESTROY = _number(_WRITE, 15, _PAGE)
_TREE_SEARCH = _number(_READ | _WRITE, 17, _PAGE)
_INO_LOOKUP = _number(_READ | _WRITE, 18, _PAGE)
_SNAP_CREATE = _number(_WRITE, 23, _PAGE)
_QUOTA_CTL = _number(_READ | _WRITE, 40, _QUOTA.size)
_QGROUP_LIMIT = _number(_READ, 43, _LIMIT.size)


def enable_quota(directory: Path) -> None:
    """Have the file system count what each subvolume refers to."""
    try:
        _call(directory, _QUOTA_CTL, _QUOTA.pack(_ENABLE_QUOTA, 0))
    except FileExistsError:
        return


def create(path: Path) -> None:
    """Make an empty subvolume."""
    _call(path.parent, _SUBVOL_CREATE, _NAMED.pack(0, os.fsencode(path.name)))


def snapshot(source: Path, target: Path, *, read_only: bool) -> None:
    """Make `target` a subvolume with what `source` holds now, also what is not on disk yet."""
    flags = _READ_ONLY if read_only else 0
    with _opened(source) as descriptor:
        packed = _NAMED_V2.pack(descriptor, 0, flags, 0, 0, 0, 0, os.fsencode(target.name))
        _call(target.parent, _SNAP_CREATE, packed)


def delete(path: Path) -> None:
    """Remove a subvolume; its space is given back in the background."""
    _call(path.parent, _SNAP_DESTROY, _NAMED.pack(0, os.fsencode(path.name)))


def limit(path: Path, size: int) -> None:
    """Limit what a subvolume refers to, in bytes; 0 lifts the limit.

    The kernel answers EDQUOT to what would go beyond, as ZFS does for its reference quota.
    """
    packed = _LIMIT.pack(0, _MAX_REFERENCED, size or _NO_LIMIT, 0, 0, 0)
    _call(path, _QGROUP_LIMIT, packed)


def referenced(path: Path) -> int:
    """Bytes that a subvolume refers to, as of the last commit; 0 when that is not counted."""
    identity = _LOOKUP.unpack(_call(path, _INO_LOOKUP, _LOOKUP.pack(0, _FIRST_FREE_ID, b"")))[0]
    group = identity
    kind = _QGROUP_INFO_KEY
    key = _KEY.pack(_QUOTA_TREE, 0, 0, group, group, 0, _ALL, kind, kind, 1, 0, 0, 0, 0, 0)
    try:
        found = _call(path, _TREE_SEARCH, key.ljust(_PAGE, b"\0"))
    except FileNotFoundError:
        return 0
    if not _KEY.unpack_from(found)[9]:
        return 0
    return int(_USE.unpack_from(found, _KEY.size + _HEADER.size)[1])


@contextmanager
def _opened(directory: Path) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _call(directory: Path, number: int, argument: bytes) -> bytes:
    buffer = bytearray(argument)
    with _opened(directory) as descriptor:
        try:
            fcntl.ioctl(descriptor, number, buffer)
        except OSError as error:
            code = error.errno or errno.EIO
            raise OSError(code, os.strerror(code), str(directory)) from error
    return bytes(buffer)
