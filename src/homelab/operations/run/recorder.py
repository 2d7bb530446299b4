"""Times the stages of an operation, passes its events on, and keeps what the report says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from homelab.errors import HomelabError
from homelab.operations.run.events import (
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
from homelab.operations.run.report import ItemResult, StageResult


@dataclass(slots=True)
class StageHandle:
    """What a running stage may set about itself before it ends."""

    detail: str = ""
    state: State = State.DONE


class Recorder:
    """One operation's stages and containers; may be used from several threads.

    The listener is called on the thread that says something, and never while anything is locked.
    """

    def __init__(
        self,
        name: str,
        *,
        target: str,
        stages: Sequence[Stage],
        listener: Listener = silent,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.target = target
        self._tell = listener
        self._clock = clock
        self._begin = clock()
        self._lock = threading.Lock()
        self._stages: dict[Stage, StageResult] = {
            stage: StageResult(stage=stage, state=State.WAITING) for stage in stages
        }
        self._items: dict[tuple[Stage, str], ItemResult] = {}
        self._started: dict[tuple[Stage, str], float] = {}
        self._notices: list[str] = []
        self._tell(OperationStarted(name=name, target=target, stages=tuple(stages)))

    @property
    def seconds(self) -> float:
        return self._clock() - self._begin

    @property
    def stages(self) -> tuple[StageResult, ...]:
        with self._lock:
            return tuple(self._stages.values())

    @property
    def items(self) -> tuple[ItemResult, ...]:
        """What was said of each container in each stage."""
        with self._lock:
            return tuple(self._items.values())

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person has to know, without repetitions."""
        with self._lock:
            return tuple(self._notices)

    @contextmanager
    def stage(self, stage: Stage, *, detail: str = "") -> Iterator[StageHandle]:
        """Run the body as `stage`; an error marks it failed and passes through."""
        handle = StageHandle()
        begin = self._clock()
        self._set(stage, State.RUNNING, 0.0, detail)
        try:
            yield handle
        except BaseException as error:
            self._set(stage, State.FAILED, self._clock() - begin, _word_for(error))
            raise
        self._set(stage, handle.state, self._clock() - begin, handle.detail)

    def not_run(self, stage: Stage, why: str) -> None:
        """Say that a stage is left out, which is not the same as passed."""
        self._set(stage, State.NOT_RUN, 0.0, why)

    def close(self) -> None:
        """Mark every stage that nothing was said about as not run."""
        for result in self.stages:
            if result.state is State.WAITING:
                self.not_run(result.stage, "an earlier stage failed")

    def items_known(self, items: Sequence[str]) -> None:
        """Name the containers that the stages will speak of."""
        self._tell(ItemsKnown(items=tuple(items)))

    def item(self, stage: Stage, item: str, state: State, detail: str = "") -> None:
        """Say how far a container has come in a stage."""
        key = (stage, item)
        now = self._clock()
        with self._lock:
            begin = self._started.setdefault(key, now)
            if state.is_final:
                self._items[key] = ItemResult(
                    stage=stage, item=item, state=state, seconds=now - begin, detail=detail
                )
        self._tell(ItemChanged(stage=stage, item=item, state=state, detail=detail))

    def progress(self, stage: Stage, text: str) -> None:
        self._tell(Progress(stage=stage, text=text))

    def notice(self, text: str, *, warning: bool = False) -> None:
        """Say something that a person has to know; once."""
        with self._lock:
            if text in self._notices:
                return
            self._notices.append(text)
        self._tell(Notice(text=text, warning=warning))

    def _set(self, stage: Stage, state: State, seconds: float, detail: str) -> None:
        with self._lock:
            self._stages[stage] = StageResult(
                stage=stage, state=state, seconds=seconds, detail=detail
            )
        self._tell(StageChanged(stage=stage, state=state, seconds=seconds, detail=detail))


def _word_for(error: BaseException) -> str:
    if isinstance(error, HomelabError):
        return str(error).splitlines()[0]
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return str(error) if isinstance(error, OSError) else type(error).__name__
