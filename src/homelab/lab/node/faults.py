"""Faults on demand: what the node does wrong, to which requests or tasks, and how often.

A fault hits the first `times` matches after `after` of them, or by chance with a seed, so that a
run with the same faults and the same requests is the same. Counters are part of the state.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Any, Self

from homelab.errors import ConfigurationError
from homelab.lab.state.database import State
from homelab.lab.state.documents import documents, put_document, remove_document
from homelab.lab.state.typed import load
from homelab.pve.upid import Upid

_KIND = "fault"
_LONGEST_DELAY = 86400.0
_DEFAULT_ERROR = "injected fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: what it matches and what happens then."""

    id: str = ""
    """Given by the node."""
    method: str = "*"
    path: str = ""
    """A pattern such as /nodes/*/lxc; a request fault has one."""
    task: str = ""
    """A task type such as vzcreate, or a pattern; a task fault has one."""
    node_down: str = ""
    """A node that does not answer as long as this fault is there."""
    status: int = 500
    message: str = ""
    delay: float = 0.0
    """Seconds before the request goes on, or is answered by the fault."""
    drop: bool = False
    """Whether the connection is closed without an answer."""
    lock_timeout: bool = False
    """Whether the error is that a lock could not be had in time."""
    times: int = 0
    """How many matches it hits; 0 means all."""
    after: int = 0
    """How many matches it lets pass first."""
    probability: float = 1.0
    seed: int = 0
    seen: int = 0
    """Matches so far."""
    hits: int = 0
    """Matches that it hit so far."""

    @classmethod
    def load(cls, value: Mapping[str, Any]) -> Self:
        """From its JSON form.

        Raises:
            ConfigurationError: it has unknown fields, or says neither what it matches nor what
                it does.
        """
        unknown = set(value) - {item.name for item in fields(cls)}
        if unknown:
            raise ConfigurationError(f"a fault has no {', '.join(sorted(unknown))}")
        fault = load(cls, value)
        if fault is None:
            raise ConfigurationError("this is no fault: a value is of another type")
        fault.check()
        return fault

    def check(self) -> None:
        """Refuse a fault that could not do anything.

        Raises:
            ConfigurationError: says why.
        """
        if sum(map(bool, (self.path, self.task, self.node_down))) != 1:
            raise ConfigurationError(
                "a fault matches one of: a path, a task type, a node that is down",
                hint="give --path, --task or --node-down",
            )
        if not 0.0 <= self.probability <= 1.0:
            raise ConfigurationError(f"{self.probability} is no probability, use 0 to 1")
        if not 0.0 <= self.delay <= _LONGEST_DELAY:
            raise ConfigurationError(
                f"{self.delay} is no delay, use 0 to {_LONGEST_DELAY:g} seconds"
            )
        if self.task and self.drop:
            raise ConfigurationError("a task has no connection to drop")

    @property
    def only_delays(self) -> bool:
        """Whether what it hits goes on after the delay."""
        is_error = self.message or self.drop or self.lock_timeout or self.status != 500
        return self.delay > 0 and not is_error

    def error(self, lock: str) -> str:
        """The text of its error; `lock` is the file whose lock could not be had."""
        if self.message:
            return self.message
        return f"can't lock file '{lock}' - got timeout" if self.lock_timeout else _DEFAULT_ERROR

    def describe(self) -> str:
        """In one line, for people."""
        if self.node_down:
            return f"node {self.node_down} is down"
        what = f"task {self.task}" if self.task else f"{self.method} {self.path}"
        does = "dropped" if self.drop else self.error("...")
        often = f"the first {self.times}" if self.times else "every time"
        if self.probability < 1:
            often += f" with probability {self.probability:g} (seed {self.seed})"
        wait = f" after {self.delay:g} s" if self.delay else ""
        done = "delayed" if self.only_delays else does
        return f"{what}: {done}{wait}, {often}; hit {self.hits} of {self.seen}"


_DAMAGED = Fault(path="damaged", message="damaged")
"""What stands for a fault that can't be read: it matches no request."""


class Faults:
    """The faults of a node; asked for every request and every task."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._faults = {
            key: replace(load(Fault, value) or _DAMAGED, id=key)
            for key, value in documents(state, _KIND).items()
            if key.isascii() and key.isdecimal()
        }
        self.down = _down(self._faults)
        """The nodes that do not answer."""

    @property
    def are_none(self) -> bool:
        """Whether nothing is to go wrong."""
        return not self._faults

    def all(self) -> tuple[Fault, ...]:
        """All faults, in the order in which they were added."""
        return tuple(sorted(self._faults.values(), key=lambda fault: int(fault.id)))

    def add(self, fault: Fault) -> Fault:
        """Add a fault; returns it with its id."""
        fault.check()
        with self._lock:
            number = max(map(int, self._faults), default=0) + 1
            added = replace(fault, id=str(number), seen=0, hits=0)
            self._save(added)
        return added

    def clear(self, identity: str | None = None) -> int:
        """Remove one fault, or all; returns how many."""
        with self._lock:
            gone = [name for name in self._faults if identity in {None, name}]
            with self._state.transaction() as transaction:
                for name in gone:
                    remove_document(transaction, _KIND, name)
            self._faults = {k: v for k, v in self._faults.items() if k not in gone}
            self.down = _down(self._faults)
        return len(gone)

    def for_request(self, method: str, path: str) -> Fault | None:
        for fault in self.all() if self._faults else ():
            matches = fault.method in {"*", method} and fnmatchcase(path, fault.path)
            if fault.path and matches and self._hits(fault.id):
                return fault
        return None

    def for_task(self, upid: Upid) -> Fault | None:
        for fault in self.all() if self._faults else ():
            if fault.task and fnmatchcase(upid.type, fault.task) and self._hits(fault.id):
                return fault
        return None

    def _hits(self, identity: str) -> bool:
        with self._lock:
            fault = self._faults.get(identity)
            if fault is None:
                return False
            number = fault.seen
            hit = number >= fault.after and (not fault.times or fault.hits < fault.times)
            if hit and fault.probability < 1.0:
                chance = random.Random(f"{fault.seed}:{fault.id}:{number}")  # noqa: S311
                hit = chance.random() < fault.probability
            self._save(replace(fault, seen=number + 1, hits=fault.hits + hit))
        return hit

    def _save(self, fault: Fault) -> None:
        with self._state.transaction() as transaction:
            put_document(transaction, _KIND, fault.id, asdict(fault))
        self._faults = {**self._faults, fault.id: fault}
        self.down = _down(self._faults)


def _down(faults: Mapping[str, Fault]) -> frozenset[str]:
    return frozenset(fault.node_down for fault in faults.values() if fault.node_down)
