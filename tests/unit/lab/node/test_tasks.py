from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from homelab.lab.failures import ApiFailureError
from homelab.lab.node.faults import Fault, Faults
from homelab.lab.node.tasks import Tasks
from homelab.lab.runtime import TaskLog
from homelab.lab.runtimes.memory import MemoryRuntime
from homelab.lab.state.database import State, TaskRecord
from homelab.polling import wait_until
from homelab.pve.upid import Upid


@pytest.fixture
def state(tmp_path: Path):
    with closing(State(tmp_path / "lab.db")) as opened:
        yield opened


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
    from homelab.lab.node import tasks as module
    from homelab.lab.state.database import StateError, Transaction

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
    monkeypatch.setattr("homelab.lab.node.tasks._KEPT", 2)
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


@pytest.fixture
def at_once(tmp_path: Path, state: State):
    made = Tasks(state, tmp_path / "tasks", node="pve", faults=Faults(state), at_once=True)
    made.recover()
    yield made
    made.close(timeout=5)


def test_work_at_once_has_ended_when_its_name_is_known(state: State, at_once: Tasks) -> None:
    threads: list[str] = []
    upid = _register(state, at_once)
    at_once.run(upid, lambda _log: threads.append(threading.current_thread().name))
    assert threads == [threading.current_thread().name]
    assert at_once.status(str(upid)).exitstatus == "OK"
    assert not at_once.is_active("100")


def test_work_at_once_that_fails_is_a_failed_task(state: State, at_once: Tasks) -> None:
    def fail(_log: TaskLog) -> None:
        raise ApiFailureError("no")

    upid = _register(state, at_once)
    at_once.run(upid, fail)
    assert at_once.status(str(upid)).exitstatus == "no"
    assert at_once.lines(str(upid)) == ["TASK ERROR: no"]


def test_what_waits_or_may_be_hit_by_a_fault_holds_up_no_one(
    state: State, at_once: Tasks, tmp_path: Path
) -> None:
    gate = threading.Event()
    first = _register(state, at_once)
    at_once.run(first, lambda _log: gate.wait(5) and None, waits=True)
    Faults(state).add(Fault(task="vzstart", delay=0.01))
    faulty = Tasks(state, tmp_path / "tasks", node="pve", faults=Faults(state), at_once=True)
    second = _register(state, faulty)
    faulty.run(second, lambda _log: gate.wait(5) and None)
    assert at_once.status(str(first)).endtime is None
    assert faulty.status(str(second)).endtime is None
    gate.set()
    assert (_ended(at_once, first), _ended(faulty, second)) == ("OK", "OK")
    faulty.close(timeout=5)


def test_an_end_is_shown_only_when_it_is_saved(
    state: State, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    upid = _register(state, tasks)
    transaction = state.transaction
    shown: list[TaskRecord | None] = []

    def saving(*, lasting: bool):
        shown.append(tasks.status(str(upid)))
        return transaction(lasting=lasting)

    monkeypatch.setattr(state, "transaction", saving)
    tasks.run(upid, lambda _log: None)
    assert _ended(tasks, upid) == "OK"
    assert [record.endtime for record in shown if record is not None] == [None]


def test_an_error_of_ours_in_a_task_is_its_status_and_one_not_of_ours_is_said(
    open_node, tmp_path, caplog
) -> None:
    class Broken(MemoryRuntime):
        def create(self, _guest, **_more) -> None:
            raise ZeroDivisionError

    node = open_node(Broken(tmp_path))
    assert node.create()["exitstatus"].startswith("unexpected error")
    assert "failed unexpectedly" in caplog.text


def _waiting(gate: threading.Event) -> Callable[[TaskLog], None]:
    return lambda _log: gate.wait(5) and None


def _for(state: State, tasks: Tasks, user: str) -> Upid:
    with state.transaction() as transaction:
        return tasks.register(transaction, "vzstart", "100", user=user, tokenid=None)


@pytest.fixture
def few(tmp_path: Path, state: State) -> Iterator[Tasks]:
    made = Tasks(
        *(state, tmp_path / "tasks"),
        node="pve",
        workers=4,
        most_active=7,
        most_of_one_user=5,
        log_bytes=1000,
    )
    made.recover()
    yield made
    made.close(timeout=5)


def test_tasks_of_one_user_hold_up_no_other(state: State, few: Tasks) -> None:
    gate = threading.Event()
    mine = [_for(state, few, "ann@pve") for _ in range(4)]
    for upid in mine:
        few.run(upid, _waiting(gate))
    other = _for(state, few, "bob@pve")
    few.run(other, lambda _log: None)
    assert _ended(few, other) == "OK"
    gate.set()
    assert [_ended(few, upid) for upid in mine] == ["OK"] * 4


def test_more_tasks_than_there_may_be_are_refused(state: State, few: Tasks) -> None:
    gate = threading.Event()
    started: list[Upid] = []
    for user, count in (("ann@pve", 5), ("bob@pve", 2)):
        for _ in range(count):
            started.append(_for(state, few, user))
            few.run(started[-1], _waiting(gate))
        with pytest.raises(ApiFailureError, match="too many tasks"):
            _for(state, few, user)
    assert len(state.tasks()) == len(started)
    gate.set()
    assert {_ended(few, upid) for upid in started} == {"OK"}
    wait_until(lambda: not few.is_active("100"), what="all ends", timeout=5, interval=0.01)
    assert _for(state, few, "ann@pve")


@pytest.mark.parametrize("line", ["x" * 90, "x" * 100_000, "x\n" * 100_000, "\udcff"])
def test_a_log_has_an_end_and_a_last_line(state: State, few: Tasks, line: str) -> None:
    def work(log: TaskLog) -> None:
        for _ in range(100):
            log(line)

    upid = _register(state, few)
    few.run(upid, work)
    assert _ended(few, upid) == "OK"
    *lines, end = few.lines(str(upid))
    assert end == "TASK OK"
    assert len("\n".join(lines)) < 1100
    assert sum("is not kept" in line for line in lines) <= 1


def test_old_tasks_go_while_others_run(
    tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homelab.lab.node.tasks._KEPT", 5)
    monkeypatch.setattr("homelab.lab.node.tasks._TRIM_EVERY", 10)
    made = Tasks(state, tmp_path / "tasks", node="pve", at_once=True)
    made.recover()
    for _ in range(40):
        made.run(_register(state, made), lambda _log: None)
    assert len(made.records()) == len(list((tmp_path / "tasks").iterdir())) == 5
    made.close(timeout=5)
