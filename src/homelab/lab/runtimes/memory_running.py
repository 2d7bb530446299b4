"""Which containers of the memory runtime are on, also for the next server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from homelab.lab.runtime import Usage

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


class RunningTable:
    """When each container that is on was started, in the file of the volumes, and in memory."""

    def __init__(
        self,
        execute: Callable[..., list[tuple[Any, ...]]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`execute` runs a statement of SQL with its values, and commits it or raises."""
        self._execute = execute
        self._clock = clock
        self._lock = threading.Lock()
        self._since: dict[int, float] = {}
        self.changes = 0
        """How often something started or stopped."""

    def open(self, *, booted: bool) -> None:
        """Read what was on; nothing is, where the node has `booted`."""
        with self._lock:
            if booted:
                self._execute("DELETE FROM running")
            self._take(dict(self._execute("SELECT vmid, since FROM running")))

    def running(self) -> Running:
        return Running(self._since, self._clock())

    def start(self, vmid: int) -> None:
        """Note that a container is on; where that could not be written down, it is off."""
        with self._lock:
            now = self._clock()
            self._execute("INSERT OR REPLACE INTO running VALUES (?, ?)", vmid, now)
            self._take({**self._since, vmid: now})

    def stop(self, vmid: int) -> None:
        """Note that a container is off."""
        with self._lock:
            if vmid in self._since:
                self._execute("DELETE FROM running WHERE vmid = ?", vmid)
                self._take({k: v for k, v in self._since.items() if k != vmid})

    def forget(self) -> None:
        """Take all as off, until it is opened again."""
        with self._lock:
            self._take({})

    def _take(self, since: dict[int, float]) -> None:
        self._since = since
        self.changes += 1
