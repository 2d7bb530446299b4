"""How often somebody may try a password: from one address, for one user, some and then few."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_AT_ONCE = 20
_PER_SECOND = 0.5
_REMEMBERED = 4096


class Attempts:
    """Counts failures by user and address; those who know the password are not held up elsewhere.

    Someone who fails may go on slowly, so nobody is shut out for longer than the failures go on.
    """

    def __init__(
        self,
        *,
        at_once: int = _AT_ONCE,
        per_second: float = _PER_SECOND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`at_once` failures are let pass, and `per_second` more from then on."""
        self._at_once = at_once
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[tuple[str, str], tuple[float, float]] = {}
        """How many there are, and as of when; the latest one last."""

    def may_try(self, user: str, address: str) -> bool:
        """Whether a password for this user is looked at when it comes from there."""
        with self._lock:
            return self._now((user, address)) <= self._at_once - 1

    def failed(self, user: str, address: str) -> None:
        """A password was wrong."""
        key = (user, address)
        with self._lock:
            count = self._now(key) + 1
            self._failures.pop(key, None)
            if len(self._failures) >= _REMEMBERED:
                del self._failures[next(iter(self._failures))]
            self._failures[key] = (count, self._clock())

    def _now(self, key: tuple[str, str]) -> float:
        count, then = self._failures.get(key, (0.0, 0.0))
        return max(0.0, count - (self._clock() - then) * self._per_second)
