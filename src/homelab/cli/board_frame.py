"""What the live board shows: a frame of lines that fits the terminal, made from the events so far.

Where not everything fits, what failed and what runs is shown, and the rest is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from rich.text import Text

from homelab.escaping import one_line
from homelab.operations.run.events import (
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

STYLES = {
    State.WAITING: ("", "dim"),
    State.RUNNING: ("...", "yellow"),
    State.DONE: ("done", "green"),
    State.UNCHANGED: ("same", "green dim"),
    State.FAILED: ("FAILED", "bold red"),
    State.NOT_RUN: ("not run", "dim"),
}
"""How a state is written in a container's row, and in which style."""

_ITEM_STAGES = (Stage.APPLY, Stage.CONFIGURE, Stage.VALIDATE, Stage.DESTROY)
_LABEL = max(len(label) for label, _ in STYLES.values())
_GAP = 2
_MOST_COLUMNS = 3
_FEW_ROWS = 5
"""With fewer rows for containers than this, stages make room that neither run nor failed."""


class _Standing(IntEnum):
    """How a container stands in all stages, in the order of what a person has to see."""

    FAILED = 0
    RUNNING = 1
    WAITING = 2
    DONE = 3


@dataclass(slots=True)
class BoardState:
    """What the events said so far; belongs to one thread."""

    title: str = ""
    begin: float = 0.0
    stages: dict[Stage, tuple[State, float, str]] = field(default_factory=dict)
    """State, the moment of its start while it runs (then its seconds), and a word about it."""
    items: dict[str, dict[Stage, State]] = field(default_factory=dict)

    def take(self, event: Event, now: float) -> None:
        """Take an event in; `now` is in seconds, of the clock that `frame` is asked with."""
        match event:
            case OperationStarted():
                self.title = one_line(f"{event.name}  target {event.target}")
                self.stages = dict.fromkeys(event.stages, (State.WAITING, 0.0, ""))
            case ItemsKnown():
                names = map(one_line, event.items)
                self.items = {name: self.items.get(name, {}) for name in names}
            case StageChanged():
                mark = now if event.state is State.RUNNING else event.seconds
                self.stages[event.stage] = (event.state, mark, one_line(event.detail))
            case ItemChanged():
                self.items.setdefault(one_line(event.item), {})[event.stage] = event.state
            case Progress():
                state, mark, _ = self.stages.get(event.stage, (State.RUNNING, now, ""))
                self.stages[event.stage] = (state, mark, one_line(event.text))
            case Notice():
                pass

    def frame(self, now: float, *, width: int, height: int) -> list[Text]:
        """The board in at most `height` lines of at most `width` cells, and at least one of each."""
        head = Text(f"{self.title}  {now - self.begin:.0f} s", style="bold")
        every = [self._stage_line(stage, now) for stage in self.stages]
        pressing = [
            line
            for line, (state, _, _) in zip(every, self.stages.values(), strict=True)
            if state in {State.RUNNING, State.FAILED}
        ]
        for stages in (every, pressing):
            room = height - 1 - len(stages)
            if self.items and (rows := self._all(width, room)):
                return _fitted([head, *stages, *rows], width, height)
        least = _FEW_ROWS if self.items else 0
        stages = every if height - 1 - len(every) >= least else pressing
        rows = self._pressing(width, height - 1 - len(stages)) if self.items else []
        return _fitted([head, *stages, *rows], width, height)

    def _stage_line(self, stage: Stage, now: float) -> Text:
        state, mark, detail = self.stages[stage]
        seconds = now - mark if state is State.RUNNING else mark
        shown = "" if state in {State.WAITING, State.NOT_RUN} else f"{seconds:.0f} s"
        return Text.assemble(
            f"{stage:10} ", (f"{state:10} ", STYLES[state][1]), f"{shown:>6}  ", (detail, "dim")
        )

    @property
    def _shown_stages(self) -> tuple[Stage, ...]:
        return tuple(stage for stage in _ITEM_STAGES if stage in self.stages)

    def _all(self, width: int, room: int) -> list[Text]:
        """Every container, with each of its stages or with the one it is in; none if they don't fit."""
        stages = self._shown_stages
        name = max(len("container"), *map(len, self.items)) + _GAP
        widths = [max(len(stage), _LABEL) + _GAP for stage in stages]
        columns = min(_MOST_COLUMNS, len(self.items), width // (name + sum(widths)))
        if columns and 1 - (-len(self.items) // columns) <= room:
            heading = Text.assemble(
                "container".ljust(name),
                *(stage.ljust(at) for stage, at in zip(stages, widths, strict=True)),
                style="bold",
            )
            cells = [
                Text.assemble(
                    (item.ljust(name), "bold"),
                    *(_label(states.get(one), at) for one, at in zip(stages, widths, strict=True)),
                )
                for item, states in self.items.items()
            ]
            return [Text().join([heading] * columns), *_in_columns(cells, columns)]
        if -(-len(self.items) // self._narrow_columns(width)) <= room:
            return self._one_each(list(self.items), width)
        return []

    def _pressing(self, width: int, room: int) -> list[Text]:
        """As many containers as there is room for, those first that failed or run; the rest counted."""
        if room <= 0:
            return []
        standings = {item: _standing(states) for item, states in self.items.items()}
        order = sorted(standings, key=standings.__getitem__)
        columns = self._narrow_columns(width)
        shown = order[: (room - 1) * columns]
        rest = Counter(standings[item] for item in order[len(shown) :])
        words = ", ".join(f"{rest[one]} {one.name.lower()}" for one in _Standing if rest[one])
        more = f"and {words}" if shown else words
        return [*self._one_each(shown, width), Text(more, style="dim")]

    def _one_each(self, names: Sequence[str], width: int) -> list[Text]:
        name, label = self._narrow_widths()
        cells = []
        for item in names:
            stage, state = _furthest(self.items[item])
            words = f"{stage} {STYLES[state][0]}" if stage is not None else ""
            text = (words.ljust(label + _GAP), STYLES[state][1])
            cells.append(Text.assemble((item.ljust(name + _GAP), "bold"), text))
        return _in_columns(cells, self._narrow_columns(width))

    def _narrow_widths(self) -> tuple[int, int]:
        stages = max((len(stage) for stage in self._shown_stages), default=0)
        return max(map(len, self.items), default=0), stages + 1 + _LABEL

    def _narrow_columns(self, width: int) -> int:
        return max(1, (width + _GAP) // (sum(self._narrow_widths()) + 2 * _GAP))


def _standing(states: dict[Stage, State]) -> _Standing:
    seen = set(states.values())
    if State.FAILED in seen:
        return _Standing.FAILED
    if State.RUNNING in seen:
        return _Standing.RUNNING
    return _Standing.DONE if seen and State.WAITING not in seen else _Standing.WAITING


def _furthest(states: dict[Stage, State]) -> tuple[Stage | None, State]:
    """The stage that failed, else the last one that began, with how it stands."""
    begun = [
        (stage, states[stage])
        for stage in _ITEM_STAGES
        if states.get(stage, State.WAITING) is not State.WAITING
    ]
    failed = [pair for pair in begun if pair[1] is State.FAILED]
    return (failed or begun)[-1] if begun else (None, State.WAITING)


def _label(state: State | None, width: int) -> tuple[str, str]:
    text, style = STYLES[state or State.WAITING]
    return text.ljust(width), style


def _in_columns(cells: Sequence[Text], columns: int) -> list[Text]:
    """The cells from top to bottom, then from left to right."""
    height = -(-len(cells) // columns)
    return [Text().join(cells[row::height]) for row in range(height)]


def _fitted(lines: Sequence[Text], width: int, height: int) -> list[Text]:
    kept = list(lines[:height])
    for line in kept:
        line.no_wrap = True
        line.rstrip()
        line.truncate(width, overflow="ellipsis")
    return kept
