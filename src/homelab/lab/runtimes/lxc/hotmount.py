"""Mounts a directory into a running container: run as a program, with the standard library alone.

`python hotmount.py NODE_PID INIT_PID SOURCE TARGET rw|ro OWNER`. Entering a mount namespace needs a
process with one thread, and moving a mount between namespaces needs open_tree(2) and
move_mount(2), which mount(8) does not offer everywhere.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_AT_FDCWD = -100
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_OPEN_TREE_CLONE = 1
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC
_AT_EMPTY_PATH = 0x1000
_MOVE_MOUNT_F_EMPTY_PATH = 0x4
_MOUNT_ATTR_RDONLY = 0x1


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


_libc = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _enter(pid: str) -> None:
    descriptor = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    if _libc.setns(descriptor, _CLONE_NEWNS) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), f"/proc/{pid}/ns/mnt")
    os.close(descriptor)


def main(arguments: list[str]) -> None:
    """Clone the mount in the node, and move the clone into the container."""
    node, init, source, target, mode, owner = arguments
    container = os.open(f"/proc/{init}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    _enter(node)
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC
    tree = _call(_OPEN_TREE, _AT_FDCWD, source.encode(), flags)
    if mode == "ro":
        attributes = _Attributes(attr_set=_MOUNT_ATTR_RDONLY)
        size = ctypes.sizeof(attributes)
        _call(_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, ctypes.byref(attributes), size)
    if _libc.setns(container, _CLONE_NEWNS) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    directory = Path(target)
    for path in (*reversed(directory.parents), directory):
        if not path.is_dir():
            path.mkdir(mode=0o755)
            os.chown(path, int(owner), int(owner))
    _call(_MOVE_MOUNT, tree, b"", _AT_FDCWD, target.encode(), _MOVE_MOUNT_F_EMPTY_PATH)


if __name__ == "__main__":
    main(sys.argv[1:])
