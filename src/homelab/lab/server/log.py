"""The server's log: what it says of clients can't forge a line, nor fill the disk."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from homelab.escaping import one_line

_FORMAT = "%(asctime)s %(levelname)s %(message)s"
_MOST_BYTES = 16 << 20
"""Of the log, and of the one before it."""
_MOST_PER_MINUTE = 600
_LONGEST = 2000

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class OneLine(logging.Formatter):
    """A record's message in one line, with control characters escaped and the end cut off."""

    def __init__(self) -> None:
        super().__init__(_FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record.message = one_line(record.message[:_LONGEST])
        return super().formatMessage(record)

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802
        """Indented, so that no line of it looks like a record."""
        lines = super().formatException(ei).splitlines()
        return "\n".join(f"  | {one_line(line[:_LONGEST])}" for line in lines)


class Quota(logging.Filter):
    """So many records in a minute, the rest is counted and told of in the next."""

    def __init__(
        self, most: int = _MOST_PER_MINUTE, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._most = most
        self._clock = clock
        self._begin = clock()
        self._count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        if now - self._begin >= 60:
            dropped, self._begin, self._count = self._count - self._most, now, 0
            if dropped > 0:
                record.msg = f"{record.getMessage()} ({dropped} more lines were not kept)"
                record.args = ()
        self._count += 1
        return self._count <= self._most


class BoundedFile(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to the process's standard error; where that is the log, it is put aside when full.

    Whatever else the process says goes on into the new one.
    """

    def __init__(self, path: Path, *, most: int = _MOST_BYTES) -> None:
        super().__init__()
        self._path = path
        self._most = most
        self.setFormatter(OneLine())
        self.addFilter(Quota())

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        with suppress(OSError, ValueError):  # as it is told to nobody else
            self._put_aside()

    def _put_aside(self) -> None:
        descriptor = self.stream.fileno()
        now = os.fstat(descriptor)
        if now.st_size < self._most or not _is_same(now, self._path):
            return
        self._path.replace(old_log(self._path))
        new = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        for stream in (1, 2):
            if os.path.samestat(os.fstat(stream), now):
                os.dup2(new, stream)
        if descriptor not in {1, 2}:
            os.dup2(new, descriptor)
        os.close(new)


def old_log(path: Path) -> Path:
    """Where a log is put aside to."""
    return path.with_name(f"{path.name}.1")


def _is_same(now: os.stat_result, path: Path) -> bool:
    try:
        return os.path.samestat(now, path.stat())
    except FileNotFoundError:
        return False
