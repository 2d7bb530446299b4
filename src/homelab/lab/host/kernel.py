"""System calls that Python does not offer: looking names up inside a tree, and mounting by descriptor.

The numbers are the same on every architecture. Every function raises OSError, and none imports
anything: a thread that is in a container's mount namespace would run the module that it finds there.
"""

from __future__ import annotations

import ctypes
import os

_AT_EMPTY_PATH = 0x1000
_CLONE_FS, _CLONE_NEWNS = 0x200, 0x00020000
_MOUNT_SETATTR, _OPEN_TREE, _MOVE_MOUNT, _OPENAT2 = 442, 428, 429, 437
_AT_FDCWD = -100
_OPEN_TREE_CLONE = 1
_MOVE_MOUNT_F_EMPTY_PATH, _MOVE_MOUNT_T_EMPTY_PATH = 0x4, 0x40
_MOUNT_ATTR_RDONLY = 0x1
_MNT_DETACH, _UMOUNT_NOFOLLOW = 2, 8
_MS_RDONLY = 1

NO_CROSSING = 0x01
"""A name must not lead to another mount (RESOLVE_NO_XDEV)."""
NO_MAGIC = 0x02
"""A name must not lead through a link of /proc that is more than its text (RESOLVE_NO_MAGICLINKS)."""
NO_LINKS = 0x04
"""A name must not lead through a symbolic link (RESOLVE_NO_SYMLINKS)."""
IN_ROOT = 0x10
"""The directory is the root of everything that a name leads to (RESOLVE_IN_ROOT)."""
_TRIES = 64
"""How often a lookup is tried that the kernel could not do for sure, because something was renamed."""


class _How(ctypes.Structure):
    """struct open_how of openat2(2)."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


class _Attributes(ctypes.Structure):
    """struct mount_attr of mount_setattr(2)."""

    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


_libc = ctypes.CDLL(None, use_errno=True)
_syscall, _mount, _umount2 = _libc.syscall, _libc.mount, _libc.umount2
_setns, _unshare = _libc.setns, _libc.unshare


def open_inside(directory: int, name: str, flags: int, resolve: int = IN_ROOT) -> int:
    """Open a name below a directory, and nothing outside of it (openat2(2))."""
    how = _How(flags=flags | os.O_CLOEXEC, mode=0, resolve=resolve | IN_ROOT | NO_MAGIC)
    for left in reversed(range(_TRIES)):
        try:
            return _call(
                *(_OPENAT2, directory, os.fsencode(name), ctypes.byref(how), ctypes.sizeof(how)),
                name=name,
            )
        except BlockingIOError:
            if not left:
                raise
    raise AssertionError


def own_directory() -> None:
    """Give this thread a root and a working directory of its own: only then it may `enter`."""
    _checked(_unshare(_CLONE_FS))


def enter(mount_namespace: int) -> None:
    """Have this thread see another mount namespace, from its root (setns(2))."""
    _checked(_setns(mount_namespace, _CLONE_NEWNS))


def clone_mount(path: str, *, read_only: bool = False) -> int:
    """A mount of its own of a directory, attached nowhere yet."""
    tree = _call(
        _OPEN_TREE, _AT_FDCWD, os.fsencode(path), _OPEN_TREE_CLONE | os.O_CLOEXEC, name=path
    )
    if read_only:
        attributes = _Attributes(attr_set=_MOUNT_ATTR_RDONLY)
        size = ctypes.sizeof(attributes)
        try:
            _call(_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, ctypes.byref(attributes), size)
        except BaseException:
            os.close(tree)
            raise
    return tree


def attach_mount(tree: int, directory: int) -> None:
    """Attach a mount to an open directory (move_mount(2))."""
    flags = _MOVE_MOUNT_F_EMPTY_PATH | _MOVE_MOUNT_T_EMPTY_PATH
    _call(_MOVE_MOUNT, tree, b"", directory, b"", flags)


def mount_overlay(options: str, target: str, *, read_only: bool = False) -> None:
    """Mount an overlay on a directory that nobody else can replace (mount(2))."""
    flags = _MS_RDONLY if read_only else 0
    words = (b"overlay", os.fsencode(target), b"overlay", ctypes.c_ulong(flags))
    _checked(_mount(*words, os.fsencode(options)), target)


def detach(target: str) -> None:
    """Take a mount with all below it out of this namespace; who uses it keeps it (umount2(2))."""
    _checked(_umount2(os.fsencode(target), _MNT_DETACH | _UMOUNT_NOFOLLOW), target)


def _call(number: int, *arguments: object, name: str = "") -> int:
    return _checked(_syscall(ctypes.c_long(number), *arguments), name)


def _checked(result: int, name: str = "") -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), name or None)
    return int(result)
