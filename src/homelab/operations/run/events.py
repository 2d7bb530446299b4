"""What a running operation says while it runs: typed events, handed to one listener."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """A part of an operation that is timed and reported on its own."""

    PREPARE = "prepare"
    PLAN = "plan"
    REVIEW = "review"
    IMAGES = "images"
    APPLY = "apply"
    CONFIGURE = "configure"
    VALIDATE = "validate"
    DESTROY = "destroy"


class State(StrEnum):
    """How far a stage, or one container in it, has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    NOT_RUN = "not run"

    @property
    def is_final(self) -> bool:
        """Whether nothing more is expected."""
        return self not in {State.WAITING, State.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStarted:
    """An operation begins; `stages` are those that it will go through."""

    name: str
    target: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsKnown:
    """The containers (or other things) that the stages will speak of, in order."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageChanged:
    """A stage begins or ends; `seconds` is how long it took."""

    stage: Stage
    state: State
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChanged:
    """One container (or another named thing) goes on within a stage."""

    stage: Stage
    item: str
    state: State
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A line about what a stage does just now."""

    stage: Stage
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a person has to know: a stand-in, a limit of the host, a setting changed."""

    text: str
    warning: bool = False


Event = OperationStarted | ItemsKnown | StageChanged | ItemChanged | Progress | Notice
Listener = Callable[[Event], None]
"""Is told each event, in order and one at a time, while nothing is locked."""


def silent(event: Event) -> None:
    """Listen to nothing."""
    del event
