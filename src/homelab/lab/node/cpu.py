"""CPU use as a fraction, from two readings of a counter."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from homelab.lab.runtime import Usage

_SHORTEST = 1.0


class CpuMeter:
    """Remembers the last reading for each guest."""

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
