"""What the handlers of the API work with: the node's state, tasks, runtime and rules."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from homelab.lab.access.acl import Access
from homelab.lab.access.tickets import Authenticator, Caller
from homelab.lab.failures import ApiFailureError, damaged_guest, no_such_guest
from homelab.lab.node.faults import Faults
from homelab.lab.node.lag import Lag
from homelab.lab.node.statistics import CpuMeter, Look, Statistics
from homelab.lab.node.tasks import Tasks
from homelab.lab.runtime import Bridge, ContainerRuntime, TaskLog, Usage
from homelab.lab.state.database import (
    GuestRecord,
    PoolRecord,
    State,
    StateError,
    Transaction,
    VolumeRecord,
)
from homelab.lab.state.memo import Memo
from homelab.pve.release import DEFAULT_RELEASE, Release
from homelab.pve.upid import Upid


class GuestLocks:
    """One lock per guest, so that work on different guests never waits."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[int, threading.Lock] = {}

    @contextmanager
    def held(self, vmid: int, *, timeout: float = 10.0) -> Iterator[None]:
        """Hold a guest's lock.

        Raises:
            ApiFailureError: it was not free within `timeout` seconds; PVE's text.
        """
        with self._guard:
            lock = self._locks.setdefault(vmid, threading.Lock())
        if not lock.acquire(timeout=timeout):
            raise ApiFailureError(
                f"can't lock file '/run/lock/lxc/pve-config-{vmid}.lock' - got timeout"
            )
        try:
            yield
        finally:
            lock.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One node, as one request sees it."""

    node: str
    """The node that the request is for."""
    state: State
    tasks: Tasks
    runtime: ContainerRuntime
    authenticator: Authenticator
    bridges: tuple[Bridge, ...]
    started: float
    """Seconds since the epoch."""
    access: Access
    faults: Faults
    files: Path
    """Where uploaded files and backups are kept."""
    nodes: tuple[str, ...]
    """All nodes of the cluster; the first one answers."""
    release: Release = DEFAULT_RELEASE
    lag: Lag | None = None
    """How far /cluster/resources lags behind, where it does."""
    locks: GuestLocks = field(default_factory=GuestLocks)
    cpu: CpuMeter = field(default_factory=CpuMeter)
    statistics: Statistics = field(default_factory=Statistics)
    memo: Memo = field(default_factory=Memo)
    """What handlers worked out before."""
    stopping: set[int] = field(default_factory=set)
    """Guests whose graceful shutdown is to give way to a stop."""
    leftovers: set[int] = field(default_factory=set)
    """Guests whose creation failed, and whose removal failed too."""

    stale_locks: dict[int, str] = field(default_factory=dict)
    """Locks of tasks that ended, which could not be taken off yet."""

    @property
    def home(self) -> str:
        """The node that answers."""
        return self.nodes[0]

    @property
    def address(self) -> str:
        """The node's own address on its first bridge."""
        return self.bridges[0].address.partition("/")[0] if self.bridges else "127.0.0.1"

    @property
    def online(self) -> tuple[str, ...]:
        """The nodes that are not down."""
        return tuple(node for node in self.nodes if node not in self.faults.down)

    def at(self, node: str) -> Context:
        """The same cluster, seen from another node."""
        return self if node == self.node else replace(self, node=node)

    def node_of(self, record: GuestRecord) -> str:
        """The node that a guest is on; the first one where none is noted, or none that there is."""
        return record.node if record.node in self.nodes else self.home

    def guest(self, vmid: int, *, damaged: bool = False) -> GuestRecord:
        """A guest of this node.

        Raises:
            ApiFailureError: there is none, or its configuration is damaged, and the caller does
                not say that it works with what is left of one.
        """
        if vmid in self.stale_locks:
            with suppress(StateError):
                self.take_off_stale_lock(vmid)
        record = self.state.guest(vmid)
        if record is None or self.node_of(record) != self.node:
            raise no_such_guest(self.node, vmid)
        if record.damage is not None and not damaged:
            raise damaged_guest(vmid, record.damage)
        return record

    def take_off_stale_lock(self, vmid: int) -> None:
        """Take off the lock of a task that ended, where it still is.

        Raises:
            StateError: it could not be saved.
        """
        record = self.state.guest(vmid)
        lock = self.stale_locks[vmid]
        if (
            record is not None
            and record.damage is None
            and record.config.options.get("lock") == lock
        ):
            with self.state.transaction() as transaction:
                transaction.put_config(vmid, record.config.changed({}, delete=("lock",)))
        self.stale_locks.pop(vmid, None)

    def guests(self) -> tuple[GuestRecord, ...]:
        return tuple(record for record in self.state.guests() if self.node_of(record) == self.node)

    def volumes(self, vmid: int) -> Mapping[str, VolumeRecord]:
        return {volume.volid: volume for volume in self.state.volumes(vmid)}

    def running(self) -> Mapping[int, Usage]:
        """What runs now; raises RuntimeFailureError where the runtime can't tell."""
        return self.runtime.running()

    def look(self) -> Look:
        """The same, with figures that may be of a moment ago."""
        return self.statistics.look(self.runtime)

    def pool(self, poolid: str) -> PoolRecord:
        """A pool; raises ApiFailureError where there is none."""
        pool = self.state.pool(poolid)
        if pool is None:
            raise ApiFailureError(f"pool '{poolid}' does not exist")
        return pool

    def register(
        self, transaction: Transaction, kind: str, identity: object, caller: Caller
    ) -> Upid:
        """Name a task of a caller; `tasks.run` starts it after the commit."""
        return self.tasks.register(
            transaction,
            kind,
            str(identity),
            user=caller.user,
            tokenid=caller.tokenid,
            node=self.node,
        )

    def start_task(
        self, kind: str, identity: object, caller: Caller, work: Callable[[TaskLog], None]
    ) -> Upid:
        """Do work in a task of a caller; returns its name."""
        with self.state.transaction(lasting=False) as transaction:
            upid = self.register(transaction, kind, identity, caller)
        self.tasks.run(upid, work)
        return upid
