"""The live board: stages with their times on top, one row for each container below."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType
from rich.text import Text

from homelab.cli.board_frame import STYLES, BoardState
from homelab.escaping import terminal
from homelab.operations.run.events import Event, ItemChanged, Notice, State
from homelab.relay import Relay

_REFRESH = 0.25
"""Seconds between two drawings."""


class Board:
    """Shows the events of an operation on a terminal; a context manager and a listener.

    One thread of its own takes the events in, prints and draws. Nothing here is locked, and nobody
    who tells an event waits for the terminal, which may be slow or stand still (Ctrl-S).
    """

    def __init__(
        self, console: Console | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = Console(highlight=False) if console is None else console
        self._clock = clock
        self._state = BoardState(begin=clock())
        self._relay = Relay(self._take, tick=self._draw, interval=_REFRESH)
        self._live = Live(
            get_renderable=self.render,
            console=self._console,
            auto_refresh=False,
            transient=True,
            vertical_overflow="crop",
        )
        self._above: list[Text] = []
        """What is to be printed above the board when it is drawn next."""
        self._width = self._console.width
        self._lengths: list[int] = []
        """How long each line is that was drawn last."""

    def __enter__(self) -> Self:
        self._live.start()
        self._relay.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._relay.__exit__(kind, error, traceback)
            self._print_above()
        finally:
            self._live.stop()
        if error is not None:  # else a summary follows
            for line in self.closing_lines():
                self._console.print(line)

    def __call__(self, event: Event) -> None:
        """Show an event; notices and failures are printed above the board and stay."""
        self._relay(event)

    def render(self) -> Group:
        """The board as it is now, as large as the terminal is."""
        size = self._console.size
        lines = self._state.frame(self._clock(), width=size.width, height=max(size.height - 2, 1))
        self._width, self._lengths = size.width, [line.cell_len for line in lines]
        return Group(*lines)

    def closing_lines(self) -> tuple[Text, ...]:
        """What stays on the terminal when the board is gone: one line for each stage."""
        return tuple(
            Text.assemble(
                f"{stage:10}", (f"{state:10}", STYLES[state][1]), f"{mark:6.1f} s  {detail}"
            )
            for stage, (state, mark, detail) in self._state.stages.items()
            if state.is_final
        )

    def _take(self, event: Event) -> None:
        self._state.take(event, self._clock())
        match event:
            case ItemChanged(state=State.FAILED):
                self._say(f"{event.stage}: {event.item} failed: {event.detail}", "red")
            case Notice():
                self._say(event.text, "yellow" if event.warning else "dim")

    def _say(self, text: str, style: str) -> None:
        self._above.append(Text(terminal(text), style=style))

    def _draw(self) -> None:
        self._make_room()
        self._live.refresh()
        self._print_above()

    def _print_above(self) -> None:
        above, self._above = self._above, []
        if above:
            self._console.print(*above, sep="\n")

    def _make_room(self) -> None:
        """Go up past what a terminal that became narrower broke into more lines than were drawn."""
        width = self._console.width
        if width >= self._width:
            return
        rows = sum(max(1, -(-length // width)) for length in self._lengths)
        broken = rows - len(self._lengths)
        self._width = width
        up = ((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1))
        self._console.control(Control(*up * broken))
