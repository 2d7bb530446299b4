"""Waiting with a deadline, on a clock that the test moves."""

from __future__ import annotations

import pytest

from homelab.errors import WaitTimeoutError
from homelab.polling import wait_until


class Clock:
    """A clock that only sleeping moves; it remembers the sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_returns_the_first_true_value_without_sleeping() -> None:
    clock = Clock()

    value = wait_until(lambda: "up", what="x", timeout=1, clock=clock, sleep=clock.sleep)

    assert value == "up"
    assert clock.slept == []


def test_asks_again_at_growing_intervals_of_at_most_a_second() -> None:
    clock = Clock()
    answers = iter([None] * 12 + ["up"])

    wait_until(
        lambda: next(answers), what="x", timeout=60, interval=0.1, clock=clock, sleep=clock.sleep
    )

    assert clock.slept[:3] == pytest.approx([0.1, 0.15, 0.225])
    assert clock.slept == sorted(clock.slept)
    assert max(clock.slept) == 1.0


def test_deadline_shows_what_was_awaited_and_the_last_state() -> None:
    clock = Clock()

    with pytest.raises(WaitTimeoutError) as caught:
        wait_until(
            lambda: None,
            what="container 201 to run",
            timeout=2,
            last_state=lambda: "stopped",
            clock=clock,
            sleep=clock.sleep,
        )

    assert str(caught.value) == "waited 2.0 s for container 201 to run; last seen: stopped"
    assert clock.now == pytest.approx(102.0)


def test_condition_is_asked_once_more_at_the_deadline() -> None:
    clock = Clock()

    value = wait_until(
        lambda: clock.now >= 101, what="x", timeout=1, interval=5, clock=clock, sleep=clock.sleep
    )

    assert value is True


def test_impossible_goal_passes_through_at_once() -> None:
    def impossible() -> bool:
        raise LookupError("the container is gone")

    with pytest.raises(LookupError, match="gone"):
        wait_until(impossible, what="x", timeout=60)
