"""Who works on a target: waiting for them, saying who it is, and ending what hangs.

Three locks keep work apart. The project's (build/.lock) keeps two operations out of one directory.
Terraform's own guards the state while a plan or an apply reads or writes it. Where the state is in
PostgreSQL, a deploy lock keeps a second deploy, from whichever machine, from starting before the
first one is through with its containers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homelab.clients.postgres import HeldLock, LockKind, Session, StateDatabase
from homelab.clients.terraform.client import TerraformError
from homelab.clients.terraform.local_lock import info_file, local_lock
from homelab.errors import HomelabError
from homelab.operations.run.events import Stage
from homelab.operations.run.run import Run, project_lock_holder
from homelab.operations.state.remote import database, local_state_of
from homelab.operations.target.target import Target, state_schema
from homelab.operations.target.worker import Worker, ago
from homelab.process import is_alive, processes_with
from homelab.settings import Settings

DEFAULT_TIMEOUT = 10.0
"""Seconds that an operation waits for a lock unless told otherwise."""

_LOOKS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds which lock, as far as it can be known."""

    lock: str
    who: str
    since: datetime | None = None
    session: Session | None = None
    """The database session behind it; None for a lock of this machine."""
    pids: tuple[int, ...] = ()
    """Its processes that are alive, where they are this machine's."""

    @property
    def name(self) -> str:
        """The same as long as the lock is with one deploy, whose Terraforms come and go."""
        who = self.who if self.session is None else self.session.application or self.who
        return f"{self.lock} {who}"

    def __str__(self) -> str:
        return self.in_words("is")

    def in_words(self, verb: str) -> str:
        """Who it is (`verb` "is") or was ("was")."""
        since = ""
        if self.since is not None:
            when = self.since.astimezone(UTC).isoformat(sep=" ", timespec="seconds")
            since = f", since {when} ({ago(self.since)})"
        return f"the {self.lock} lock {verb} held by {self.who}{since}"


class LockedError(HomelabError):
    """Someone else works on the target; `holders` are those."""

    def __init__(self, target: str, holders: tuple[Holder, ...], waited: float) -> None:
        self.holders = holders
        after = f" (waited {waited:.0f} s)" if waited >= 1 else ""
        listing = "".join(f"\n  {holder}" for holder in holders)
        found = listing or "\n  whoever held the lock has let go of it just now"
        super().__init__(
            f"target {target!r} is locked{after}:{found}",
            hint=f"wait for it with '--lock-timeout 10m'; if it hangs: "
            f"homelab lock release --target {target} --older-than 30m"
            if holders
            else "run the same command again",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What a release did, and what it left alone."""

    ended: tuple[Holder, ...] = ()
    younger: tuple[Holder, ...] = ()
    by_hand: tuple[Holder, ...] = ()
    """Processes of this machine that hold a local lock; only their end releases it."""
    tidied: tuple[Path, ...] = ()


def holders(settings: Settings, name: str | None = None) -> tuple[Holder, ...]:
    """Everyone who holds a lock of a target.

    Raises:
        UnreachableError: the database does not let us in.
    """
    wanted, section = settings.target(name)
    found = _project_holders(settings)
    if state_schema(section) is None:
        return found + _local_holders(local_state_of(settings, wanted))
    with database(settings, wanted) as stored:
        return found + _remote_holders(stored, wanted)


def release(settings: Settings, name: str | None, older_than: timedelta) -> Released:
    """End the database sessions that have held a lock for longer than that.

    A local lock falls with its process alone; what a killed one left beside the state is removed.

    Raises:
        DatabaseError: the role may not end that session.
    """
    wanted, section = settings.target(name)
    if state_schema(section) is None:
        return _release_local(local_state_of(settings, wanted))
    ended, younger = [], []
    with database(settings, wanted) as stored:
        for holder in _remote_holders(stored, wanted):
            assert holder.session is not None  # noqa: S101  (remote ones have it)
            if holder.since is not None and datetime.now(UTC) - holder.since < older_than:
                younger.append(holder)
            else:
                stored.terminate(holder.session)
                ended.append(holder)
    return Released(ended=tuple(ended), younger=tuple(younger))


class DeployLock:
    """Held while a deploy works; `require` says when someone has taken it away."""

    def __init__(self, target: str, held: HeldLock | None) -> None:
        self._target = target
        self._held = held

    def require(self) -> None:
        """Go on only as long as the lock is ours.

        Raises:
            LockedError: it was released, or the connection to the database was lost.
        """
        if self._held is not None and not self._held.is_held():
            error = LockedError(self._target, (), 0)
            error.message = f"the deploy lock of {self._target!r} was lost before the apply"
            error.hint = "nothing was changed; see 'homelab lock status', and deploy again"
            raise error


@contextmanager
def deploying(run: Run, target: Target, timeout: float) -> Iterator[DeployLock]:
    """Work on a target in the body while no other deploy does, waiting `timeout` seconds for it.

    Raises:
        LockedError: someone else still holds a lock; says who.
    """
    if target.state_schema is None:
        with reading(run, target, timeout):
            yield DeployLock(target.name, None)
        return
    with database(run.settings, target.name) as stored, ExitStack() as stack:

        def take() -> HeldLock | None:
            with ExitStack() as trying:
                held = trying.enter_context(stored.deploy_lock(target.name, _name(run, target)))
                if held is not None:
                    stack.push(trying.pop_all())
                return held

        lock = _Taking(take, lambda: _remote_holders(stored, target.name))
        _wait(run, target, timeout, lock)
        with _naming(run, target):
            yield DeployLock(target.name, lock.held)


@contextmanager
def reading(run: Run, target: Target, timeout: float) -> Iterator[None]:
    """Use a target's state in the body, once Terraform's lock is free.

    Raises:
        LockedError: someone else still holds it; says who.
    """
    if target.state_schema is None:
        state = local_state_of(run.settings, target.name)
        _wait(run, target, timeout, _Taking(None, lambda: _local_holders(state)))
    else:
        with database(run.settings, target.name) as stored:
            look = _Taking(None, lambda: _remote_holders(stored, target.name))
            _wait(run, target, timeout, look)
    with _naming(run, target):
        yield


@dataclass(slots=True)
class _Taking:
    """The deploy lock that is to be taken, if any, and a look at who stands in the way."""

    take: Callable[[], HeldLock | None] | None
    look: Callable[[], tuple[Holder, ...]]
    held: HeldLock | None = None

    def in_the_way(self) -> tuple[Holder, ...]:
        """Who is waited for; takes the deploy lock as soon as it is free."""
        if self.take is not None and self.held is None:
            self.held = self.take()
        deploys_first = sorted(self.look(), key=lambda holder: holder.lock != LockKind.DEPLOY)
        return tuple(
            holder for holder in deploys_first if holder.lock != LockKind.DEPLOY or not self.is_free
        )

    @property
    def is_free(self) -> bool:
        """Whether nothing is left to wait for, unless someone is in the way."""
        return self.take is None or self.held is not None


def _wait(run: Run, target: Target, timeout: float, lock: _Taking) -> None:
    """Take the deploy lock where it is asked for, and wait until Terraform's is free as well."""
    begin = time.monotonic()
    told: set[str] = set()
    stage = Stage.DESTROY if run.recorder.name == "destroy" else Stage.PLAN
    while True:
        present = lock.in_the_way()
        if lock.is_free and not present:
            return
        waited = time.monotonic() - begin
        if waited >= timeout:
            error = LockedError(target.name, present, waited)
            if stage is Stage.DESTROY:
                raise error  # inside its stage already
            with run.recorder.stage(stage):
                raise error
        for holder in present:
            if holder.name not in told:
                run.recorder.notice(f"waiting for up to {timeout:g} s: {holder}")
                told.add(holder.name)
        run.recorder.progress(stage, f"waiting for the lock, {waited:.0f} s")
        time.sleep(min(_LOOKS, timeout - waited))


@contextmanager
def _naming(run: Run, target: Target) -> Iterator[None]:
    """Say who holds the state's lock where Terraform only says that someone does."""
    try:
        yield
    except TerraformError as error:
        if "state lock" not in str(error):
            raise
        ours = {LockKind.DEPLOY, _PROJECT}
        found = holders(run.settings, target.name)
        others = tuple(holder for holder in found if holder.lock not in ours)
        raise LockedError(target.name, others, 0) from error


_PROJECT = "project"


def _name(run: Run, target: Target) -> str:
    worker = Worker.parse(target.environment["PGAPPNAME"])
    assert worker is not None  # noqa: S101  (ours)
    return worker.application_name(run.recorder.name)


def _remote_holders(stored: StateDatabase, workspace: str) -> tuple[Holder, ...]:
    return tuple(_remote(session) for session in stored.holders(workspace))


def _remote(session: Session) -> Holder:
    worker = Worker.parse(session.application)
    who = session.application or "an unnamed program, such as terraform by hand"
    pids: tuple[int, ...] = ()
    if worker is not None:
        who = str(worker)
        if worker.is_here:
            pids = _alive(worker)
            who += "" if is_alive(worker.pid) else ", which is gone"
            others = [str(pid) for pid in pids if pid != worker.pid]
            who += f"; its Terraform: process {', '.join(others)}" if others else ""
    origin = f" from {session.address}" if session.address else " over a local socket"
    return Holder(
        lock=str(session.kind),
        who=f"{who} [role {session.role or 'unknown'}{origin}, backend {session.backend}]",
        since=session.since,
        session=session,
        pids=pids,
    )


def _alive(worker: Worker) -> tuple[int, ...]:
    """A worker's process and its Terraform's, which has the session's name in its environment."""
    started = processes_with("PGAPPNAME", replace(worker, doing=None).application_name())
    itself = (worker.pid,) if is_alive(worker.pid) else ()
    return tuple(sorted({*itself, *started}))


def _project_holders(settings: Settings) -> tuple[Holder, ...]:
    found = project_lock_holder(settings.project / "build")
    if found is None:
        return ()
    worker, since = found
    return (Holder(lock=_PROJECT, who=str(worker), since=since, pids=(worker.pid,)),)


def _local_holders(state: Path) -> tuple[Holder, ...]:
    found = local_lock(state)
    if found is None:
        return ()
    who = f"{found.who or 'a process of this machine'}, process {found.pid}"
    doing = f" ({found.operation})" if found.operation else ""
    return (Holder(lock=LockKind.STATE, who=who + doing, since=found.since, pids=(found.pid,)),)


def _release_local(state: Path) -> Released:
    if present := _local_holders(state):
        return Released(by_hand=present)
    left = info_file(state)
    if not left.exists():
        return Released()
    left.unlink()
    return Released(tidied=(left,))
