"""When containers are measured: as PVE's pvestatd does, on a period rather than per request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from homelab.lab.runtime import ContainerRuntime, Usage

PERIOD = 5.0
"""Seconds for which figures are good; what runs is always as it is now. PVE takes ten."""
_SHORTEST = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What ran, and what it used."""

    number: int
    """Another one for every time that was looked."""
    running: Mapping[int, Usage]
    changes: int | None
    taken: float


class Statistics:
    """Remembers the last look at the containers."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last: Look | None = None
        self._number = 0

    def look(self, runtime: ContainerRuntime) -> Look:
        """What runs now, with figures of now or of a moment ago.

        Where the runtime does not say that something started or stopped, it is asked each time.

        Raises:
            RuntimeFailureError: the runtime can't tell.
        """
        changes, now, last = runtime.changes(), self._clock(), self._last
        if (
            last is not None
            and changes is not None
            and changes == last.changes
            and now - last.taken < PERIOD
        ):
            return last
        running = runtime.running()
        with self._lock:
            self._number += 1
            self._last = Look(number=self._number, running=running, changes=changes, taken=now)
            return self._last


class CpuMeter:
    """CPU use as a fraction, from two readings of a counter for each guest."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._readings: dict[int, tuple[int, float, float, float]] = {}

    def fraction(self, vmid: int, usage: Usage, *, cores: int) -> float:
        """How much of its cores a guest used since the last reading, at least a second ago."""
        now = self._clock()
        with self._lock:
            pid, then, seconds, fraction = self._readings.get(vmid, (0, 0.0, 0.0, 0.0))
            if pid != usage.pid:
                self._readings[vmid] = (usage.pid, now, usage.cpu_seconds, 0.0)
                return 0.0
            if now - then >= _SHORTEST:
                used = max(usage.cpu_seconds - seconds, 0.0)
                fraction = round(used / (now - then) / max(cores, 1), 6)
                self._readings[vmid] = (usage.pid, now, usage.cpu_seconds, fraction)
            return fraction
