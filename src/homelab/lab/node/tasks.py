"""Tasks: work that goes on after the reply, named by a UPID, with a log and an end status."""

from __future__ import annotations

import itertools
import logging
import os
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from homelab.errors import HomelabError
from homelab.lab.failures import ApiFailureError
from homelab.lab.node.faults import Faults
from homelab.lab.runtime import TaskLog
from homelab.lab.state.database import State, StateError, TaskRecord, Transaction
from homelab.process import start_time_of
from homelab.pve.upid import Upid, UpidError

_log = logging.getLogger(__name__)

CUT_OFF = "unexpected status"
"""What PVE shows for a task whose worker died."""
_UNEXPECTED = "unexpected error, see the server's log"
_KEPT = 2000
"""Ended tasks that are kept, with their logs."""
_TRIM_EVERY = 100
_WORKERS = 64
_MOST_ACTIVE = 1024
"""Tasks that run or wait; who asks for one more is refused, and his change with it."""
_MOST_OF_ONE_USER = 512
_LOG_BYTES = 1 << 20
"""Of one task: its last line comes whatever it said before."""
_LINE = 4096
_CUT = "... the log goes on, and is not kept"


class Tasks:
    """Starts tasks on worker threads and keeps what they said; logs are files, as in PVE."""

    def __init__(
        self,
        state: State,
        directory: Path,
        *,
        node: str,
        faults: Faults | None = None,
        at_once: bool = False,
        workers: int = _WORKERS,
        most_active: int = _MOST_ACTIVE,
        most_of_one_user: int = _MOST_OF_ONE_USER,
        log_bytes: int = _LOG_BYTES,
    ) -> None:
        """No user holds more of the `workers` than are free for others; the rest of his wait.

        `at_once` does a task's work before its name is returned, on the thread that asks for it.

        That is for a runtime whose work takes no time: clients ask for a task's status at once,
        and if it still runs again after a second or two.
        """
        self._state = state
        self._directory = directory
        self._node = node
        self._faults = faults
        self._at_once = at_once
        self._pid = itertools.count(1 + secrets.randbelow(1 << 22))
        self._pstart = (start_time_of(os.getpid()) or 0) & 0xFFFFFFFF
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="task")
        self._free = workers
        self._working: Counter[str] = Counter()
        self._waiting: deque[tuple[str, Callable[[], None]]] = deque()
        """Users, and what is to be done for them."""
        self._most_active = most_active
        self._most_of_one_user = most_of_one_user
        self._log_bytes = log_bytes
        self._ended = 0
        self._cut: set[str] = set()
        """Tasks whose logs are full."""
        self._active: dict[str, Future[None]] = {}
        self._of_user: Counter[str] = Counter()
        self._unsaved: dict[str, tuple[int, str]] = {}
        self._lock = threading.Lock()

    def cut_off(self) -> tuple[Upid, ...]:
        """The tasks that an earlier server left running, until `recover` has marked them."""
        names = (task.name for task in self._state.tasks() if task.endtime is None)
        return tuple(name for name in names if name is not None)

    def recover(self) -> None:
        """Mark the tasks that an earlier server left running as failed."""
        cut = [task.upid for task in self._state.tasks() if task.endtime is None]
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._state.transaction() as transaction:
            for upid in cut:
                transaction.end_task(upid, int(time.time()), CUT_OFF)
            trimmed = transaction.trim_tasks(_KEPT)
        for upid in cut:
            self._append(upid, f"TASK ERROR: {CUT_OFF}", last=True)
        for upid in trimmed:
            with suppress(OSError, UpidError):
                self._path(upid).unlink(missing_ok=True)

    def register(
        self,
        transaction: Transaction,
        kind: str,
        identity: str,
        *,
        user: str,
        tokenid: str | None,
        node: str | None = None,
    ) -> Upid:
        """Name a task within a transaction; it is started by `run` after the commit.

        Raises:
            ApiFailureError: too many run or wait.
        """
        with self._lock:
            full = len(self._active) >= self._most_active
            if full or self._of_user[user] >= self._most_of_one_user:
                raise ApiFailureError("too many tasks are running, try again later")
        now = int(time.time())
        upid = Upid(
            node=node or self._node,
            pid=next(self._pid) & 0xFFFFFFFF,
            pstart=self._pstart,
            starttime=now,
            type=kind,
            id=identity,
            user=user,
            tokenid=tokenid,
        )
        transaction.add_task(str(upid), now)
        return upid

    def run(
        self,
        upid: Upid,
        work: Callable[[TaskLog], None],
        *,
        undo: Callable[[TaskLog], None] | None = None,
        waits: bool = False,
    ) -> None:
        """Do the work on a worker thread; an error of ours becomes the task's exit status.

        `undo` is called when a fault keeps the work from beginning. Work that `waits` for more
        than what it does itself never holds up the thread that asks for it.
        """
        name = str(upid)
        if self._at_once and not waits and (self._faults is None or self._faults.are_none):
            self.run_here(upid, work)
            return
        done: Future[None] = Future()

        def job() -> None:
            try:
                self._work(name, work, undo)
            finally:
                done.set_result(None)
                self._go_on(upid.user)

        with self._lock:
            self._note(upid, done)
            self._waiting.append((upid.user, job))
            self._start_waiting()

    def run_here(self, upid: Upid, work: Callable[[TaskLog], None]) -> None:
        """Do the work on the calling thread."""
        name = str(upid)
        done: Future[None] = Future()
        with self._lock:
            self._note(upid, done)
        try:
            self._work(name, work, None)
        finally:
            done.set_result(None)

    def status(self, upid: str) -> TaskRecord | None:
        """How a task stands; None when there is none of that name."""
        record = self._state.task(upid)
        ended = self._unsaved.get(upid)
        if record is None or ended is None:
            return record
        return replace(record, endtime=ended[0], exitstatus=ended[1])

    def records(self) -> tuple[TaskRecord, ...]:
        """All tasks, the newest first."""
        found = (self.status(record.upid) for record in self._state.tasks())
        return tuple(record for record in found if record is not None)

    def lines(self, upid: str) -> list[str]:
        """The task's log so far."""
        try:
            text = self._path(upid).read_text(encoding="utf-8", errors="replace")
        except (OSError, UpidError):
            return []
        return text.removesuffix("\n").split("\n") if text else []

    def is_active(self, identity: str, *kinds: str) -> bool:
        """Whether a task of such a kind (any, when none is given) runs for that guest."""
        with self._lock:
            names = [Upid.parse(name) for name in self._active]
        return any(upid.id == identity and (not kinds or upid.type in kinds) for upid in names)

    def close(self, *, timeout: float) -> None:
        """Wait for running tasks, `timeout` seconds at most; what is not done is cut off."""
        with self._lock:
            futures = list(self._active.values())
        wait(futures, timeout=timeout)
        with self._lock:
            self._waiting.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _note(self, upid: Upid, done: Future[None]) -> None:
        """A task is there from now on, until `_finish`."""
        self._active[str(upid)] = done
        self._of_user[upid.user] += 1

    def _start_waiting(self) -> None:
        """Start what may start, in order; a user who has his share is passed over."""
        passed: set[str] = set()
        for user, job in tuple(self._waiting) if self._free else ():
            if user in passed or self._working[user] >= self._free:
                passed.add(user)
                continue
            self._waiting.remove((user, job))
            self._free -= 1
            self._working[user] += 1
            self._pool.submit(job)

    def _go_on(self, user: str) -> None:
        with self._lock:
            self._free += 1
            self._working[user] -= 1
            self._start_waiting()

    def _path(self, upid: str) -> Path:
        return self._directory / str(Upid.parse(upid))

    def _append(self, upid: str, line: str, *, last: bool = False) -> None:
        """Write to a task's log, as long as there is room; the `last` line has some always."""
        text = "".join(f"{part[:_LINE]}\n" for part in line[: self._log_bytes].splitlines())
        if upid in self._cut and not last:
            return
        try:
            with self._path(upid).open("a", encoding="utf-8", errors="replace") as file:
                room = self._log_bytes - file.tell()
                if not last and len(text.encode(errors="replace")) > room:
                    self._cut.add(upid)
                    text = f"{_CUT}\n"
                file.write(text)
        except (OSError, UpidError) as error:
            _log.warning("can't write the log of %s: %s", upid, error)

    def _work(
        self,
        upid: str,
        work: Callable[[TaskLog], None],
        undo: Callable[[TaskLog], None] | None,
    ) -> None:
        exitstatus = _UNEXPECTED
        try:
            self._suffer(Upid.parse(upid), undo)
            work(lambda line: self._append(upid, line))
            exitstatus = "OK"
        except HomelabError as error:
            exitstatus, *more = error.message.strip().splitlines() or ["unknown error"]
            exitstatus = exitstatus[:_LINE]
            for line in more:
                self._append(upid, line)
        finally:
            if exitstatus == _UNEXPECTED:
                _log.exception("the task %s failed unexpectedly", upid)
            ok = exitstatus == "OK"
            end = "TASK OK" if ok else f"TASK ERROR: {exitstatus}"
            self._append(upid, end, last=True)
            self._finish(upid, int(time.time()), exitstatus)

    def _suffer(self, upid: Upid, undo: Callable[[TaskLog], None] | None) -> None:
        """Fail or wait when a fault hits the task."""
        fault = None if self._faults is None else self._faults.for_task(upid)
        if fault is None:
            return
        time.sleep(fault.delay)
        if fault.only_delays:
            return
        if undo is not None:
            undo(lambda line: self._append(str(upid), line))
        raise ApiFailureError(fault.error(f"/run/lock/lxc/pve-config-{upid.id}.lock"))

    def _finish(self, upid: str, endtime: int, exitstatus: str) -> None:
        """Save the end, with those that could not be saved; only then is it shown to anyone."""
        with self._lock:
            ends = {**self._unsaved, upid: (endtime, exitstatus)}
        try:
            with self._state.transaction(lasting=False) as transaction:
                for name, (ended, status) in ends.items():
                    transaction.end_task(name, ended, status)
                self._ended += 1
                trimmed = transaction.trim_tasks(_KEPT) if self._ended % _TRIM_EVERY == 0 else []
        except StateError as error:
            _log.warning("can't save the end of %s: %s", upid, error)
            with self._lock:
                self._unsaved[upid] = (endtime, exitstatus)
        else:
            with self._lock:
                for name in ends:
                    self._unsaved.pop(name, None)
            for name in trimmed:
                self._path(name).unlink(missing_ok=True)
        finally:
            with self._lock:
                self._cut.discard(upid)
                if self._active.pop(upid, None) is not None:
                    user = Upid.parse(upid).user
                    self._of_user[user] -= 1
                    if not self._of_user[user]:
                        del self._of_user[user]
