from __future__ import annotations

import pytest

from homelab.lab.access import attempts
from homelab.lab.access.attempts import Attempts


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def few(now: list[float]) -> Attempts:
    made = Attempts(at_once=3, per_second=0.5, clock=lambda: now[0])
    for _ in range(3):
        assert made.may_try("ann@pve", "192.0.2.1")
        made.failed("ann@pve", "192.0.2.1")
    return made


def test_after_some_failures_no_more_are_looked_at(few: Attempts) -> None:
    assert not few.may_try("ann@pve", "192.0.2.1")


def test_elsewhere_and_for_others_they_count_nothing(few: Attempts) -> None:
    assert few.may_try("ann@pve", "192.0.2.2")
    assert few.may_try("bob@pve", "192.0.2.1")


def test_they_are_forgotten_with_time(few: Attempts, now: list[float]) -> None:
    now[0] += 2
    assert few.may_try("ann@pve", "192.0.2.1")
    few.failed("ann@pve", "192.0.2.1")
    assert not few.may_try("ann@pve", "192.0.2.1")
    now[0] += 6
    assert few.may_try("ann@pve", "192.0.2.1")


def test_however_many_fail_only_some_are_remembered(few: Attempts) -> None:
    for number in range(attempts._REMEMBERED + 10):
        few.failed("ann@pve", f"address {number}")
    assert len(few._failures) == attempts._REMEMBERED
