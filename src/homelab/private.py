"""Directories into which nobody else can put anything, whatever the umask is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from homelab.errors import ConfigurationError


def keep_from_others(umask: int = 0o022) -> None:
    """Have this process make no file that others may write."""
    os.umask(os.umask(umask) | umask)


def require_private(path: Path, *, what: str, caller: int | None = None) -> None:
    """Refuse a directory, or one on the way to it, in which another user could put something.

    It need not exist yet. Trusted are root, who runs this, and `caller`: the user who called sudo.
    `what` it is for is a clause, such as "the lab's state".

    Raises:
        ConfigurationError: names the directory and who may write there.
    """
    trusted = {0, os.geteuid(), *(() if caller is None else (caller,))}
    for place in _on_the_way(path):
        try:
            found = place.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ConfigurationError(
                f"can't use {path} for {what}: {place}: {error.strerror}"
            ) from error
        why = _why_not(found, trusted)
        if why is not None:
            raise ConfigurationError(
                f"{path} can't be used for {what}: {place} {why}, who could put something there",
                hint="choose another directory, or make it yours alone: "
                f"chown {os.geteuid()} {place} && chmod go-w {place}",
            )


def _on_the_way(path: Path) -> list[Path]:
    """The directory and all above it, as written and without symbolic links, the topmost first."""
    written, real = path.absolute(), path.resolve()
    places = (place for end in (written, real) for place in (*reversed(end.parents), end))
    return list(dict.fromkeys(places))


def _why_not(found: os.stat_result, trusted: set[int]) -> str | None:
    if found.st_uid not in trusted:
        return f"belongs to user {found.st_uid}"
    if found.st_mode & stat.S_ISVTX:
        return None  # what is in it belongs to whoever made it, and is looked at by itself
    if found.st_mode & stat.S_IWOTH:
        return "may be written by everybody"
    # A user's own group is nobody else; root's directories are given to groups of several.
    if found.st_mode & stat.S_IWGRP and found.st_uid == 0 and found.st_gid != 0:
        return f"may be written by group {found.st_gid}"
    return None
