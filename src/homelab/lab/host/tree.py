"""A tree of files that somebody else writes: every name is looked up inside that tree alone.

Whoever owns the tree may have put symbolic links, pipes, devices and directories wherever a file is
expected. Nothing outside of the tree is reached through it, nothing blocks, and nothing is read
without a bound.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Self

from homelab.errors import HomelabError
from homelab.lab.host import kernel

_LARGEST = 1 << 20
"""Bytes of a file that is read."""
_PERMISSIONS = 0o777
"""Of a file that was there, without what makes programs privileged."""
_NOTHING_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class TreeError(HomelabError):
    """What was expected in a tree is something else."""


class Tree:
    """The tree below one open directory; new files belong to `owner`."""

    def __init__(self, descriptor: int, *, owner: int, owners: int = 1) -> None:
        """`owners` ids from `owner` on are those that a file may belong to."""
        self.descriptor = descriptor
        self._owner = owner
        self._owners = range(owner, owner + owners)

    @classmethod
    @contextmanager
    def at(cls, path: Path, *, owner: int, owners: int = 1) -> Iterator[Self]:
        """The tree of a directory that is trusted itself."""
        descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield cls(descriptor, owner=owner, owners=owners)
        finally:
            os.close(descriptor)

    def read(self, name: str) -> str:
        """A file's text; empty when there is none.

        Raises:
            TreeError: it is no file, or larger than a megabyte.
        """
        with self._found(name) as (descriptor, found):
            if found is None:
                return ""
            if not stat.S_ISREG(found.st_mode):
                raise TreeError(f"'/{name}' is no file")
            if found.st_size > _LARGEST:
                raise TreeError(f"'/{name}' is larger than {_LARGEST >> 20} MiB")
            return _text(descriptor)

    def write(self, name: str, content: str, *, mode: int = 0o644) -> None:
        """Write a file, whole or not at all; owner and mode of one that exists are kept.

        A symbolic link in its place is replaced; one above it is followed inside the tree.

        Raises:
            TreeError: a directory is in its place, or something else where its directory should be.
        """
        data = content.encode("utf-8", errors="surrogateescape")
        owner, group = self._owner, self._owner
        with self._found(name, os.O_NOFOLLOW) as (descriptor, found):
            if found is not None and stat.S_ISREG(found.st_mode):
                if found.st_size == len(data) and _text(descriptor) == content:
                    return
                owner, group = self._allowed(found.st_uid), self._allowed(found.st_gid)
                mode = stat.S_IMODE(found.st_mode) & _PERMISSIONS
        path = PurePosixPath(name)
        with self._directory(str(path.parent)) as directory:
            new = f".{path.name}.{secrets.token_hex(8)}"
            descriptor = os.open(new, _CREATE, 0o600, dir_fd=directory)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    os.fchown(descriptor, owner, group)
                    os.fchmod(descriptor, mode)
                    file.write(data)
                os.rename(new, path.name, src_dir_fd=directory, dst_dir_fd=directory)
            except BaseException as error:
                with suppress(OSError):
                    os.unlink(new, dir_fd=directory)
                if isinstance(error, IsADirectoryError):
                    raise TreeError(f"'/{name}' is a directory") from error
                raise

    def directory(self, name: str, *, mode: int = 0o755) -> None:
        """Make a directory, and those above it."""
        with self._directory(name, mode=mode):
            return

    @contextmanager
    def mount_point(self, name: str, *, mode: int = 0o755) -> Iterator[int]:
        """A directory to mount something on, open; made where it is missing.

        No symbolic link may lead there, as with PVE (PVE::LXC, walk_tree_nofollow).

        Raises:
            TreeError: a symbolic link or a file is in the way.
        """
        with self._directory(name, mode=mode, resolve=kernel.NO_LINKS) as descriptor:
            yield descriptor

    @contextmanager
    def _directory(self, name: str, *, mode: int = 0o755, resolve: int = 0) -> Iterator[int]:
        parts = PurePosixPath(name).parts
        flags = os.O_PATH | os.O_DIRECTORY
        current = kernel.open_inside(self.descriptor, ".", flags, resolve)
        try:
            for depth, part in enumerate(parts, start=1):
                own = mode if depth == len(parts) else 0o755
                reached = str(PurePosixPath(*parts[:depth]))
                following = self._open_or_make(current, part, reached, mode=own, resolve=resolve)
                os.close(current)
                current = following
            yield current
        finally:
            os.close(current)

    def _open_or_make(self, above: int, part: str, reached: str, *, mode: int, resolve: int) -> int:
        """The next directory on the way; links are looked up from the tree's root each time."""
        flags = os.O_PATH | os.O_DIRECTORY
        try:
            with suppress(FileNotFoundError):
                return kernel.open_inside(self.descriptor, reached, flags, resolve)
            with suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=above)
            # Whoever owns the tree may have put something else in its place meanwhile.
            own = kernel.NO_LINKS | kernel.NO_CROSSING
            made = kernel.open_inside(above, part, os.O_RDONLY | os.O_DIRECTORY, own)
        except OSError as error:
            raise _in_the_way(reached, error) from error
        try:
            if os.fstat(made).st_uid == os.geteuid():
                os.fchown(made, self._owner, self._owner)
                os.fchmod(made, mode)
        except BaseException:
            os.close(made)
            raise
        return made

    @contextmanager
    def _found(self, name: str, flags: int = 0) -> Iterator[tuple[int, os.stat_result | None]]:
        """What a name leads to, not opened yet: opening a device or a pipe has effects."""
        try:
            descriptor = kernel.open_inside(self.descriptor, name, os.O_PATH | flags)
        except OSError as error:
            if error.errno not in _NOTHING_THERE:
                raise _in_the_way(name, error) from error
            yield -1, None
            return
        try:
            yield descriptor, os.fstat(descriptor)
        finally:
            os.close(descriptor)

    def _allowed(self, identity: int) -> int:
        return identity if identity in self._owners else self._owner


def _text(descriptor: int) -> str:
    """The text of a regular file that was looked up."""
    with Path(f"/proc/self/fd/{descriptor}").open("rb") as file:
        return file.read(_LARGEST).decode("utf-8", errors="surrogateescape")


def _in_the_way(name: str, error: OSError) -> Exception:
    """An error of the tree's content; one of the disk stays what it is."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}:
        return error
    words = {
        errno.ELOOP: f"symlink encountered at: /{name}",
        errno.ENOTDIR: f"'/{name}' is no directory",
    }
    return TreeError(words.get(error.errno or 0, f"can't open '/{name}': {error.strerror}"))
