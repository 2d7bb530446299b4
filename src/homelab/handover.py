"""Giving what root wrote in a user's project to that user, after a command that went through sudo.

Nothing is given that the user could not have made: no file outside the project or on another file
system, none in a directory of someone else's, none that has a second name, nothing behind a
symbolic link. A lab's state and the image cache stay root's, wherever they are.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_log = logging.getLogger(__name__)

_LAB = "lab.db"
"""The file that makes a directory a lab's state."""
_PRODUCTS = ("build", "terraform", "ansible/inventory")
"""Here whatever is root's was written by a command, perhaps by an earlier one that was killed."""
_SLACK = 1.0
"""Seconds that the clock of a file system may lag behind."""


def hand_over(
    project: Path, owner: tuple[int, int], *, since: float, apart: Collection[Path] = ()
) -> None:
    """Give `owner` (user and group) what root made in the project after `since`.

    Of the directories that only commands write into, all that is root's. What is below `apart`
    stays as it is. Nothing happens where this is not root or the project is not the owner's.
    """
    if os.geteuid() == 0:
        kept = frozenset(os.path.realpath(path) for path in apart)
        top = os.path.realpath(project)
        _HandOver(top=top, user=owner[0], group=owner[1], since=since - _SLACK, kept=kept).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _HandOver:
    top: str
    user: int
    group: int
    since: float
    kept: Collection[str]

    def run(self) -> None:
        """Go through the directories by descriptor, so that nobody can move them meanwhile."""
        device = os.lstat(self.top).st_dev
        for place, directories, files, descriptor in os.fwalk(self.top, onerror=_unseen):
            here = os.fstat(descriptor)
            if here.st_dev != device or here.st_uid != self.user or self._is_apart(place, files):
                directories.clear()
                continue
            is_product = self._is_product(place)
            changed = is_product or here.st_mtime >= self.since
            for name in (*directories, *files) if changed else directories:
                with suppress(FileNotFoundError):
                    self._give(place, name, descriptor, here)

    def _give(self, place: str, name: str, descriptor: int, here: os.stat_result) -> None:
        found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        path = f"{place}/{name}"
        if found.st_uid != 0 or (found.st_ctime < self.since and not self._is_product(path)):
            return
        if stat.S_ISDIR(found.st_mode):
            if self._is_apart(path, (_LAB,) if os.path.lexists(f"{path}/{_LAB}") else ()):
                return
        elif found.st_nlink > 1 or not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
            return
        group = -1 if here.st_mode & stat.S_ISGID else self.group
        try:
            os.chown(name, self.user, group, dir_fd=descriptor, follow_symlinks=False)
        except OSError as error:
            _log.warning("%s stays root's: %s", path, error.strerror)

    def _is_apart(self, place: str, files: Collection[str]) -> bool:
        return place in self.kept or _LAB in files

    def _is_product(self, path: str) -> bool:
        name = path.removeprefix(self.top).strip("/")
        return any(name == product or name.startswith(f"{product}/") for product in _PRODUCTS)


def _unseen(error: OSError) -> None:
    _log.warning("not looked at for files of root's: %s", error)
