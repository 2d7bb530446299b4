"""Which containers of the memory runtime are on: a journal that outlives the server."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from homelab.lab.runtime import RuntimeFailureError, Usage

_log = logging.getLogger(__name__)

_MEBIBYTE = 1 << 20
_FIRST_PID = 100_000


class Running(Mapping[int, Usage]):
    """What was on at one time; figures are made up when they are asked for."""

    def __init__(self, since: Mapping[int, float], now: float) -> None:
        self._since = since
        self._now = now

    def __getitem__(self, vmid: int) -> Usage:
        uptime = max(self._now - self._since[vmid], 0.0)
        return Usage(pid=_FIRST_PID + vmid, uptime=uptime, mem=8 * _MEBIBYTE)

    def __contains__(self, vmid: object) -> bool:
        return vmid in self._since

    def __iter__(self) -> Iterator[int]:
        return iter(self._since)

    def __len__(self) -> int:
        return len(self._since)


class RunningJournal:
    """One line `[vmid, since]` per start, and `[vmid, null]` per stop, so that each costs the same.

    It is shortened when it is opened.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._since: dict[int, float] = {}
        self.changes = 0
        """How often something started or stopped."""

    def open(self) -> None:
        """Read what was on."""
        since: dict[int, float] = {}
        try:
            text = self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            text = ""
        *lines, torn = text.split("\n")
        for line in lines:
            vmid, begin = json.loads(line)
            since.pop(vmid, None)
            if begin is not None:
                since[vmid] = begin
        with self._lock:
            if torn:
                os.truncate(self._path, len(text) - len(torn))
            if len(lines) > len(since):
                self._write_anew(since)
            self._take(since)

    def running(self) -> Running:
        """What is on now."""
        return Running(self._since, self._clock())

    def start(self, vmid: int) -> None:
        """Note that a container is on.

        Raises:
            RuntimeFailureError: it could not be written down, and is off.
        """
        with self._lock:
            now = self._clock()
            self._append((vmid, now))
            self._take({**self._since, vmid: now})

    def stop(self, vmid: int) -> None:
        """Note that a container is off.

        Raises:
            RuntimeFailureError: it could not be written down.
        """
        with self._lock:
            if vmid in self._since:
                self._append((vmid, None))
                self._take({k: v for k, v in self._since.items() if k != vmid})

    def clear(self) -> None:
        """Note that all are off."""
        with self._lock:
            self._take({})
            self._path.unlink(missing_ok=True)

    def _write_anew(self, since: Mapping[int, float]) -> None:
        """Leave out what is over; on a full disk the journal stays as long as it is."""
        temporary = self._path.with_suffix(".new")
        text = "".join(f"{json.dumps(item)}\n" for item in since.items())
        try:
            temporary.write_text(text, encoding="ascii")
            temporary.replace(self._path)
        except OSError as error:
            _log.warning("can't shorten %s: %s", self._path, error)
            temporary.unlink(missing_ok=True)

    def _take(self, since: dict[int, float]) -> None:
        self._since = since
        self.changes += 1

    def _append(self, entry: tuple[int, float | None]) -> None:
        """Add a line, or leave the file as it was."""
        line = f"{json.dumps(entry)}\n".encode()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                before = os.fstat(descriptor).st_size
                if os.write(descriptor, line) != len(line):
                    os.ftruncate(descriptor, before)
                    raise RuntimeFailureError(
                        f"unable to write '{self._path.name}' - No space left on device"
                    )
            finally:
                os.close(descriptor)
        except OSError as error:
            raise RuntimeFailureError(
                f"unable to write '{self._path.name}' - {os.strerror(error.errno or 0)}"
            ) from error
