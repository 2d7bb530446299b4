"""The live board: stages with their times on top, one row for each container below."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from homelab.operations.events import (
    Event,
    ItemChanged,
    ItemsKnown,
    Notice,
    OperationStarted,
    Progress,
    Stage,
    StageChanged,
    State,
)

_STYLES = {
    State.WAITING: ("", "dim"),
    State.RUNNING: ("...", "yellow"),
    State.DONE: ("done", "green"),
    State.UNCHANGED: ("same", "green dim"),
    State.FAILED: ("FAILED", "bold red"),
    State.NOT_RUN: ("not run", "dim"),
}
_ITEM_STAGES = (Stage.APPLY, Stage.CONFIGURE, Stage.VALIDATE, Stage.DESTROY)


class Board:
    """Shows the events of an operation on a terminal; a context manager and a listener."""

    def __init__(
        self, console: Console | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = Console(highlight=False) if console is None else console
        self._clock = clock
        self._begin = clock()
        self._lock = threading.Lock()
        self._title = ""
        self._stages: dict[Stage, tuple[State, float, str]] = {}
        self._items: dict[str, dict[Stage, tuple[State, str]]] = {}
        self._live = Live(
            get_renderable=self.render,
            console=self._console,
            refresh_per_second=4,
            transient=True,
            vertical_overflow="ellipsis",
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()
        if error is not None:  # else a summary follows
            for line in self.closing_lines():
                self._console.print(line)

    def __call__(self, event: Event) -> None:
        """Take an event in; notices and failures are printed above the board and stay."""
        with self._lock:
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case OperationStarted():
                self._title = f"{event.name}  target {event.target}"
                self._stages = dict.fromkeys(event.stages, (State.WAITING, 0.0, ""))
            case ItemsKnown():
                self._items = {item: self._items.get(item, {}) for item in event.items}
            case StageChanged():
                mark = self._clock() if event.state is State.RUNNING else event.seconds
                self._stages[event.stage] = (event.state, mark, event.detail)
            case ItemChanged():
                row = self._items.setdefault(event.item, {})
                row[event.stage] = (event.state, event.detail)
                if event.state is State.FAILED:
                    self._console.print(
                        Text(f"{event.stage}: {event.item} failed: {event.detail}", style="red")
                    )
            case Progress():
                state, mark, _ = self._stages.get(event.stage, (State.RUNNING, 0.0, ""))
                self._stages[event.stage] = (state, mark, event.text)
            case Notice():
                style = "yellow" if event.warning else "dim"
                self._console.print(Text(event.text, style=style))

    def render(self) -> RenderableType:
        """The board as it is now."""
        with self._lock:
            head = Text(f"{self._title}  {self._clock() - self._begin:.0f} s", style="bold")
            parts: list[RenderableType] = [head, self._stage_table()]
            if self._items:
                parts.append(self._item_grid())
            return Group(*parts)

    def closing_lines(self) -> tuple[Text, ...]:
        """What stays on the terminal when the board is gone: one line for each stage."""
        with self._lock:
            return tuple(
                Text.assemble(
                    f"{stage:10}", (f"{state:10}", _STYLES[state][1]), f"{mark:6.1f} s  {detail}"
                )
                for stage, (state, mark, detail) in self._stages.items()
                if state.is_final
            )

    def _stage_table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for stage, (state, mark, detail) in self._stages.items():
            seconds = self._clock() - mark if state is State.RUNNING else mark
            shown = "" if state in {State.WAITING, State.NOT_RUN} else f"{seconds:.0f} s"
            label = Text(str(state), style=_STYLES[state][1])
            width = max(self._console.width - 40, 20)
            table.add_row(str(stage), label, shown, Text(detail[:width], style="dim"))
        return table

    def _item_grid(self) -> Table:
        """Containers in as many columns as the terminal is wide, so that 28 fit on one screen."""
        shown = [stage for stage in _ITEM_STAGES if stage in self._stages]
        name_width = max(len(name) for name in self._items)
        cell = name_width + 2 + len(shown) * 10
        columns = max(1, min(3, self._console.width // cell))
        table = Table(box=None, padding=(0, 1), show_edge=False)
        for _ in range(columns):
            table.add_column("container", style="bold", no_wrap=True)
            for stage in shown:
                table.add_column(str(stage), no_wrap=True, min_width=8)
        names = list(self._items)
        height = -(-len(names) // columns)
        for position in range(height):
            cells: list[RenderableType] = []
            for column in range(columns):
                index = column * height + position
                name = names[index] if index < len(names) else ""
                states = self._items.get(name, {})
                cells.append(name)
                cells.extend(
                    Text(*_STYLES[states.get(stage, (State.WAITING, ""))[0]]) for stage in shown
                )
            table.add_row(*cells)
        return table
