"""The lab's state directory: what is in it, and the locks on it."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from homelab.errors import CleanupError, ConfigurationError
from homelab.private import require_private
from homelab.process import is_alive, start_time_of
from homelab.settings import Environment

DATABASE = "lab.db"
SERVER_LOG = "server.log"
_SERVER_LOCK = "server.lock"
MIRROR = "mirror"
"""Where Terraform finds the offline provider."""
FILES = "files"
"""Uploaded files and backups."""
_OWN = (
    "lab.json",
    "lab.new",
    DATABASE,
    f"{DATABASE}-wal",
    f"{DATABASE}-shm",
    SERVER_LOG,
    f"{SERVER_LOG}.1",
    MIRROR,
    FILES,
    "secrets.json",
    "secrets",
    "secrets.new",
    _SERVER_LOCK,
    "tasks",
    "tls",
    "ssh",
    "memory",
    "node",
    "lxc",
    "storage",
    "registry",
)
"""Everything that the lab puts there; only this is ever removed."""
_LOCK = "lock"
_PARENT = "homelab"
_DYING = 10.0


def prepare(state: Path) -> None:
    """Make the directory, into which nobody else can look, however wide the umask.

    Raises:
        ConfigurationError: it can't be made or written, others could put something into it, or it
            holds something else.
    """
    require_private(state, what="the lab's state", caller=Environment.read().sudo_user)
    try:
        state.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        state.mkdir(mode=0o700, exist_ok=True)
        names = {path.name for path in state.iterdir()}
    except OSError as error:
        raise ConfigurationError(
            f"can't use {state} as the lab's state directory: {os.strerror(error.errno or 0)}",
            hint="choose another directory with --state or HOMELAB_LAB_STATE",
        ) from error
    if names and DATABASE not in names and not {*_OWN, _LOCK} & names:
        raise ConfigurationError(
            f"{state} is not empty and holds no lab",
            hint="choose another directory with --state or HOMELAB_LAB_STATE",
        )
    if not os.access(state, os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"can't write to the lab's state directory {state}",
            hint="run this as its owner, or choose another directory with --state",
        )
    state.chmod(0o700)


@contextmanager
def exclusive(state: Path) -> Iterator[None]:
    """Hold the directory's lock, so that one command at a time changes the lab."""
    while True:
        descriptor = _open(state / _LOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_current(descriptor, state / _LOCK):
                continue  # it was removed with the lab while we waited
            yield
            return
        finally:
            os.close(descriptor)


@contextmanager
def serving(state: Path) -> Iterator[None]:
    """Hold the lock of the one process that may use the directory as the server does.

    Raises:
        ConfigurationError: another server holds it.
    """
    descriptor = _open(state / _SERVER_LOCK)
    try:
        _lock_as_server(descriptor, state)
        os.pwrite(descriptor, f"{os.getpid()} {start_time_of(os.getpid())}".encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _lock_as_server(descriptor: int, state: Path) -> None:
    """Wait for a killed server whose threads still end, not for one that lives."""
    deadline = time.monotonic() + _DYING
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if server_process(state) is None and time.monotonic() < deadline:
                time.sleep(0.02)
                continue
            raise ConfigurationError(
                f"another server uses the lab's state in {state}",
                hint="end it with 'homelab lab down', or choose another directory with --state",
            ) from error
        os.ftruncate(descriptor, 0)
        return


def server_process(state: Path) -> tuple[int, int] | None:
    """The process id and start time of the server that lives, even before it answers."""
    try:
        pid, start_time = (state / _SERVER_LOCK).read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    alive = is_alive(int(pid), start_time=int(start_time))
    return (int(pid), int(start_time)) if alive else None


def remove(state: Path) -> None:
    """Remove what the lab put there, and its directory when nothing else is in it.

    So goes the directory above, when it is one of the default places, such as /var/lib/homelab.

    Raises:
        CleanupError: lists what could not be removed.
    """
    errors: list[BaseException] = []
    for name in (*_OWN, _LOCK):
        path = state / name
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            errors.append(error)
    with suppress(OSError):
        state.rmdir()
        if state.parent.name == _PARENT:
            state.parent.rmdir()
    if errors:
        raise CleanupError(errors)


def last_lines(path: Path, count: int = 10) -> list[str]:
    """The end of a log; empty when there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except OSError:
        return []


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"can't lock {path.parent}: {os.strerror(error.errno or 0)}",
            hint="run this as the owner of the lab, or choose another directory with --state",
        ) from error


def _is_current(descriptor: int, path: Path) -> bool:
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
