"""The only place that prints: results to stdout, what people are told on the way to stderr.

What is printed is made fit for a terminal here, whoever composed it.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

from homelab.errors import HomelabError
from homelab.escaping import json_text, one_line, terminal
from homelab.operations.run.events import (
    Event,
    ItemChanged,
    ItemsKnown,
    Listener,
    Notice,
    OperationStarted,
    Progress,
    Stage,
    StageChanged,
    State,
    silent,
)

PROGRESS_INTERVAL = 1.0
"""Seconds between two lines of progress of one stage in a log."""
_INDENT = " " * len("[   0.0s] ")
"""Before the further lines of what has several: only what begins with a time is an event."""


def emit(*lines: str) -> None:
    """Print a result; each of `lines` is one, whatever it says."""
    for line in lines:
        emit_document(one_line(line))


def emit_json(data: object) -> None:
    emit_document(json_text(data))


def emit_document(text: str) -> None:
    """Print what a program reads and whoever wrote it made fit for that: XML, shell, JSON."""
    print(text, flush=True)  # noqa: T201


def say(text: str) -> None:
    """Tell a person something that is not the result, in one line or several."""
    print(terminal(text), file=sys.stderr, flush=True)  # noqa: T201


def tell_runner(*commands: str) -> None:
    """Tell GitHub's runner something, in commands that `homelab.escaping` made."""
    for command in commands:
        print(command, file=sys.stderr, flush=True)  # noqa: T201


class LogFormatter(logging.Formatter):
    """A line of the log, as a terminal may show it."""

    def format(self, record: logging.LogRecord) -> str:
        return terminal(super().format(record))


def report_unexpected(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print a traceback (sys.excepthook)."""
    say("".join(traceback.format_exception(kind, error, trace)).rstrip("\n"))


def flush() -> None:
    """Let out what was printed, before this process becomes another."""
    sys.stdout.flush()


def abandon(stream: TextIO | None = None) -> None:
    """Send what else goes to a stream, or to stdout, nowhere, since its reader left."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, (sys.stdout if stream is None else stream).fileno())
    os.close(nowhere)


def fail(error: HomelabError) -> None:
    say(f"error: {error}")


class PlainLog:
    """Prints each event as a line with the elapsed time, for logs and pipes."""

    def __init__(
        self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._clock = clock
        self._begin = clock()
        self._progress: dict[Stage, float] = {}
        self._reader_left = False

    def __call__(self, event: Event) -> None:
        """Print what says something to a reader of a log, until that one leaves (`| head`)."""
        line = line_of(event)
        now = self._clock()
        if not line or (isinstance(event, Progress) and not self._is_due(event.stage, now)):
            return
        if self._reader_left:
            return
        try:
            first, *rest = terminal(line).split("\n")
            more = "".join(f"\n{_INDENT}{one}" for one in rest)
            self._stream.write(f"[{now - self._begin:6.1f}s] {first}{more}\n")
            self._stream.flush()
        except BrokenPipeError:
            self._reader_left = True
            abandon(self._stream)

    def _is_due(self, stage: Stage, now: float) -> bool:
        """Whether a stage's last line of progress is old enough for another."""
        last = self._progress.get(stage)
        if last is not None and now - last < PROGRESS_INTERVAL:
            return False
        self._progress[stage] = now
        return True


def line_of(event: Event) -> str:
    """An event as one line; empty for those that a log does not need."""
    match event:
        case OperationStarted():
            return f"{event.name}: target {event.target}"
        case (
            ItemsKnown()
            | ItemChanged(state=State.WAITING | State.RUNNING | State.UNCHANGED)
            | StageChanged(state=State.WAITING)
        ):
            return ""
        case StageChanged(state=State.RUNNING):
            return f"{event.stage}: started" + (f", {event.detail}" if event.detail else "")
        case StageChanged(state=State.NOT_RUN):
            return f"{event.stage}: not run: {event.detail}"
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
def listener(*, plain: bool = False, quiet: bool = False) -> Iterator[Listener]:
    """A live board where stdout is a terminal that can show one, plain lines elsewhere.

    Nothing when `quiet`. With -v what is logged would be written across the board, so that there
    are plain lines as well.
    """
    if quiet:
        yield silent
    elif plain or not sys.stdout.isatty() or logging.root.isEnabledFor(logging.INFO):
        yield PlainLog()
    else:
        from rich.console import Console

        from homelab.cli.board import Board

        console = Console(highlight=False)
        if console.is_dumb_terminal:
            yield PlainLog()
            return
        with Board(console) as board:
            yield board
