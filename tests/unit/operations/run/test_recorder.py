from __future__ import annotations

from pathlib import Path

import pytest

from homelab.errors import HomelabError
from homelab.operations.run.events import Event, ItemChanged, Notice, Stage, StageChanged, State
from homelab.operations.run.recorder import Recorder


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _recorder(events: list[Event], clock: _Clock) -> Recorder:
    return Recorder(
        "deploy",
        target="lab",
        stages=(Stage.PLAN, Stage.APPLY),
        listener=events.append,
        clock=clock,
    )


def test_stage_is_timed_and_told() -> None:
    events: list[Event] = []
    clock = _Clock()
    recorder = _recorder(events, clock)

    with recorder.stage(Stage.PLAN) as stage:
        clock.now += 2.5
        stage.detail = "28 to create"

    plan = recorder.stages[0]
    assert (plan.state, plan.seconds, plan.detail) == (State.DONE, 2.5, "28 to create")
    told = [event for event in events if isinstance(event, StageChanged)]
    assert [event.state for event in told] == [State.RUNNING, State.DONE]


def test_failed_stage_keeps_the_first_line_and_the_rest_is_not_run() -> None:
    recorder = _recorder([], _Clock())

    with pytest.raises(HomelabError), recorder.stage(Stage.PLAN):
        raise HomelabError("first\nsecond")
    recorder.close()

    plan, apply = recorder.stages
    assert (plan.state, plan.detail) == (State.FAILED, "first")
    assert (apply.state, apply.detail) == (State.NOT_RUN, "an earlier stage failed")


def test_interrupted_stage_failed() -> None:
    recorder = _recorder([], _Clock())

    with pytest.raises(KeyboardInterrupt), recorder.stage(Stage.PLAN):
        raise KeyboardInterrupt

    assert recorder.stages[0].detail == "interrupted"


def test_stage_that_the_system_refused_says_what_and_where(tmp_path: Path) -> None:
    recorder = _recorder([], _Clock())

    with pytest.raises(FileNotFoundError), recorder.stage(Stage.PLAN):
        (tmp_path / "absent").read_text(encoding="utf-8")

    assert str(tmp_path / "absent") in recorder.stages[0].detail


def test_item_is_timed_from_its_first_mention() -> None:
    events: list[Event] = []
    clock = _Clock()
    recorder = _recorder(events, clock)

    recorder.item(Stage.APPLY, "plex", State.RUNNING)
    clock.now += 3.0
    recorder.item(Stage.APPLY, "plex", State.DONE, "created")

    (item,) = recorder.items
    assert (item.item, item.seconds, item.detail) == ("plex", 3.0, "created")
    assert len([event for event in events if isinstance(event, ItemChanged)]) == 2


def test_notice_is_given_once() -> None:
    events: list[Event] = []
    recorder = _recorder(events, _Clock())

    recorder.notice("limits are not enforced")
    recorder.notice("limits are not enforced")

    assert recorder.notices == ("limits are not enforced",)
    assert len([event for event in events if isinstance(event, Notice)]) == 1
