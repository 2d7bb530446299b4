"""Waiting for a named condition, with a deadline, and with the last state in the error."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from homelab.errors import WaitTimeoutError

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T | None],
    *,
    what: str,
    timeout: float,
    interval: float = 0.05,
    last_state: Callable[[], str] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Ask again until `condition` returns something true, and return that.

    `timeout` and `interval` are in seconds; the interval grows by half each time, to one second at
    most. A condition that finds its goal impossible raises, and that error passes through.

    Raises:
        WaitTimeoutError: names `what`, the time and the last state.
    """
    begin = clock()
    pause = interval
    while True:
        value = condition()
        if value:
            return value
        elapsed = clock() - begin
        if elapsed >= timeout:
            state = f"; last seen: {last_state()}" if last_state is not None else ""
            raise WaitTimeoutError(f"waited {elapsed:.1f} s for {what}{state}")
        sleep(min(pause, max(timeout - elapsed, 0.0)))
        pause = min(pause * 1.5, 1.0)
