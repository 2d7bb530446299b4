from __future__ import annotations

import threading
from pathlib import Path

import pytest

from homelab.lab.failures import ApiFailureError
from homelab.lab.state import State, TaskRecord
from homelab.lab.tasks import Tasks
from homelab.polling import wait_until
from homelab.pve.upid import Upid


@pytest.fixture
def state(tmp_path: Path):
    opened = State(tmp_path / "lab.db")
    yield opened
    opened.close()


@pytest.fixture
def tasks(tmp_path: Path, state: State):
    made = Tasks(state, tmp_path / "tasks", node="pve")
    made.recover()
    yield made
    made.close(timeout=5)


def _register(state: State, tasks: Tasks, identity: str = "100") -> Upid:
    with state.transaction() as transaction:
        return tasks.register(transaction, "vzstart", identity, user="root@pam", tokenid=None)


def _ended(tasks: Tasks, upid: Upid) -> str:
    def ended() -> str | None:
        record = tasks.status(str(upid))
        return record.exitstatus if record is not None else None

    return wait_until(ended, what="the task", timeout=5, interval=0.005)


def test_a_task_of_an_undone_transaction_never_was(state: State, tasks: Tasks) -> None:
    named: list[Upid] = []

    def fail() -> None:
        with state.transaction() as transaction:
            named.append(
                tasks.register(transaction, "vzstart", "100", user="root@pam", tokenid=None)
            )
            raise ApiFailureError("no")

    with pytest.raises(ApiFailureError):
        fail()
    assert tasks.status(str(named[0])) is None


def test_lines_and_a_message_of_several_lines(state: State, tasks: Tasks) -> None:
    upid = _register(state, tasks)

    def work(log) -> None:
        log("one\ntwo")
        raise ApiFailureError("first\nsecond")

    tasks.run(upid, work)
    assert _ended(tasks, upid) == "first"
    assert tasks.lines(str(upid)) == ["one", "two", "second", "TASK ERROR: first"]


def test_what_runs_for_a_guest_is_known(state: State, tasks: Tasks) -> None:
    gate = threading.Event()
    upid = _register(state, tasks)
    tasks.run(upid, lambda _log: gate.wait(5) and None)
    assert tasks.is_active("100")
    assert tasks.is_active("100", "vzstart")
    assert not tasks.is_active("100", "vzstop")
    assert not tasks.is_active("101")
    gate.set()
    assert _ended(tasks, upid) == "OK"
    assert not tasks.is_active("100")


def test_an_end_that_can_not_be_saved_is_remembered_and_saved_later(
    state: State, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homelab.lab import tasks as module
    from homelab.lab.state import StateError, Transaction

    end = Transaction.end_task
    full = [True]

    def failing(self, *words) -> None:
        if full[0]:
            raise StateError("disk is full")
        end(self, *words)

    monkeypatch.setattr(module.Transaction, "end_task", failing)
    first = _register(state, tasks)
    tasks.run(first, lambda _log: None)
    assert _ended(tasks, first) == "OK"
    wait_until(lambda: not tasks.is_active("100"), what="end", timeout=5)
    record = state.task(str(first))
    assert record is not None
    assert record.endtime is None
    full[0] = False
    second = _register(state, tasks)
    tasks.run(second, lambda _log: None)
    assert _ended(tasks, second) == "OK"
    wait_until(
        lambda: (found := state.task(str(first))) is not None and found.exitstatus == "OK",
        what="the first end to be saved",
        timeout=5,
    )


def test_old_tasks_and_their_logs_are_dropped(
    tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homelab.lab.tasks._KEPT", 2)
    tasks = Tasks(state, tmp_path / "tasks", node="pve")
    tasks.recover()
    upids = [_register(state, tasks, str(number)) for number in range(4)]
    for upid in upids:
        tasks.run(upid, lambda _log: None)
        _ended(tasks, upid)
    tasks.close(timeout=5)
    again = Tasks(state, tmp_path / "tasks", node="pve")
    again.recover()
    assert [record.upid for record in again.records()] == [str(upid) for upid in upids[:1:-1]]
    assert len(list((tmp_path / "tasks").iterdir())) == 2


def test_an_end_is_shown_only_when_it_is_saved(
    state: State, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    upid = _register(state, tasks)
    transaction = state.transaction
    shown: list[TaskRecord | None] = []

    def saving():
        shown.append(tasks.status(str(upid)))
        return transaction()

    monkeypatch.setattr(state, "transaction", saving)
    tasks.run(upid, lambda _log: None)
    assert _ended(tasks, upid) == "OK"
    assert [record.endtime for record in shown if record is not None] == [None]
