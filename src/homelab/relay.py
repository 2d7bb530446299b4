"""Handing what many threads say to one listener, on a thread of its own."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar

_log = logging.getLogger(__name__)

Item = TypeVar("Item")


class _End(Enum):
    END = "end"


class Relay(Generic[Item]):
    """Calls `listener` with each item, in order, on one thread; who hands one over never waits.

    A listener that is slow, stands still or asks back so holds up nobody who holds a lock. Leaving
    the block waits until it has heard everything. `tick` is called on the same thread, every
    `interval` seconds.

    An error of either ends the listening, and nothing else; leaving the block raises it, or logs it
    where the block ends with an error of its own.
    """

    def __init__(
        self,
        listener: Callable[[Item], object],
        *,
        tick: Callable[[], object] | None = None,
        interval: float = 0.25,
    ) -> None:
        self._listener = listener
        self._tick = tick
        self._interval = interval
        self._items: queue.SimpleQueue[Item | Literal[_End.END]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._listen, name="relay", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._items.put(_End.END)
        if self._thread is not None:
            self._thread.join()
        if self._error is None:
            return
        if error is None:
            raise self._error
        _log.warning("a listener failed: %r", self._error)

    def __call__(self, item: Item) -> None:
        """Hand an item over; from any thread, also one that holds a lock."""
        if self._error is None:
            self._items.put(item)

    def _listen(self) -> None:
        try:
            self._until_the_end()
        except Exception as error:  # noqa: BLE001  (raised where the block ends)
            self._error = error

    def _until_the_end(self) -> None:
        due = time.monotonic() + self._interval
        while True:
            patience = None if self._tick is None else max(due - time.monotonic(), 0.0)
            try:
                item = self._items.get(timeout=patience)
            except queue.Empty:
                pass
            else:
                if item is _End.END:
                    return
                self._listener(item)
            if self._tick is not None and time.monotonic() >= due:
                self._tick()
                due = time.monotonic() + self._interval
