"""Waiting for tasks."""

from __future__ import annotations

from typing import Any

import pytest

from homelab.errors import ApiError, TaskError, WaitTimeoutError
from homelab.pve.waiting import wait_for_task

UPID = "UPID:pve:00000001:00000002:00000003:vzcreate:201:root@pam!homelab:"
BASE = f"nodes/pve/tasks/{UPID}"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def waits(answers: list[Any], *, log: Any = (), timeout: float = 60) -> tuple[str, Clock]:
    clock = Clock()

    def get(path: str) -> Any:
        if path == f"{BASE}/status":
            return answers.pop(0) if len(answers) > 1 else answers[0]
        assert path.startswith(f"{BASE}/log?")
        if isinstance(log, BaseException):
            raise log
        return log

    return wait_for_task(get, UPID, timeout=timeout, clock=clock, sleep=clock.sleep), clock


def test_the_first_poll_is_made_at_once() -> None:
    status, clock = waits([{"status": "stopped", "exitstatus": "OK"}])
    assert (status, clock.slept) == ("OK", [])


def test_polls_become_rarer() -> None:
    running = {"status": "running"}
    _, clock = waits([running] * 10 + [{"status": "stopped", "exitstatus": "WARNINGS: 1"}])
    assert clock.slept[0] == pytest.approx(0.1)
    assert clock.slept == sorted(clock.slept)
    assert max(clock.slept) <= 1


def test_a_failed_task_shows_the_end_of_its_log() -> None:
    log = [{"n": number, "t": f"line {number}"} for number in range(1, 41)]
    with pytest.raises(TaskError) as caught:
        waits([{"status": "stopped", "exitstatus": "command 'tar' failed"}], log=log)
    assert caught.value.exitstatus == "command 'tar' failed"
    assert caught.value.log[-1] == "line 40"
    assert len(caught.value.log) == 12


def test_a_log_that_is_refused_does_not_hide_the_failure() -> None:
    refused = ApiError(403, "Permission check failed", request="GET")
    with pytest.raises(TaskError) as caught:
        waits([{"status": "stopped", "exitstatus": "broken"}], log=refused)
    assert caught.value.log == ()


def test_a_deadline_is_an_error_and_not_none() -> None:
    with pytest.raises(WaitTimeoutError, match="vzcreate"):
        waits([{"status": "running"}], timeout=3)
