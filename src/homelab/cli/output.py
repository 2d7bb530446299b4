"""The only place that prints: results to stdout, what people are told on the way to stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from homelab.errors import HomelabError
from homelab.operations.events import (
    Event,
    ItemChanged,
    ItemsKnown,
    Listener,
    Notice,
    OperationStarted,
    Progress,
    StageChanged,
    State,
)


def emit(text: str) -> None:
    """Print a result."""
    print(text, flush=True)  # noqa: T201


def say(text: str) -> None:
    """Tell a person something that is not the result."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def fail(error: HomelabError) -> None:
    """Say what went wrong and what to do about it."""
    say(f"error: {error}")


class PlainLog:
    """Prints each event as a line with the elapsed time, for logs and pipes."""

    def __init__(
        self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._clock = clock
        self._begin = clock()

    def __call__(self, event: Event) -> None:
        """Print the event, if it says something to a reader of a log."""
        line = line_of(event)
        if line:
            elapsed = self._clock() - self._begin
            print(f"[{elapsed:6.1f}s] {line}", file=self._stream, flush=True)  # noqa: T201


def line_of(event: Event) -> str:
    """An event as one line; empty for those that a log does not need."""
    match event:
        case OperationStarted():
            return f"{event.name}: target {event.target}"
        case ItemsKnown() | ItemChanged(state=State.WAITING | State.RUNNING):
            return ""
        case StageChanged(state=State.WAITING):
            return ""
        case StageChanged(state=State.RUNNING):
            return f"{event.stage}: started" + (f", {event.detail}" if event.detail else "")
        case StageChanged():
            tail = f": {event.detail}" if event.detail else ""
            return f"{event.stage}: {event.state} in {event.seconds:.1f} s{tail}"
        case ItemChanged():
            tail = f" ({event.detail})" if event.detail else ""
            return f"{event.stage}: {event.item} {event.state}{tail}"
        case Progress():
            return f"{event.stage}: {event.text}"
        case Notice():
            return f"{'warning' if event.warning else 'note'}: {event.text}"


@contextmanager
def listener(*, plain: bool = False) -> Iterator[Listener]:
    """A live board where stdout is a terminal, plain lines elsewhere."""
    if plain or not sys.stdout.isatty():
        yield PlainLog()
        return
    from homelab.cli.board import Board

    with Board() as board:
        yield board
