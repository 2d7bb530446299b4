"""The lab's state in SQLite: written and committed before a reply is sent.

There is one writer at a time; readers never wait for it (write-ahead log). With
`synchronous=FULL` a commit survives kill -9 and loss of power.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from homelab.errors import HomelabError
from homelab.lab.state_schema import VERSION, migrate
from homelab.pve.guest_config import GuestConfig


class StateError(HomelabError):
    """The state could not be read or written, such as when the disk is full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRecord:
    """A guest as the state keeps it; `running` is whether it was on when last looked at."""

    vmid: int
    config: GuestConfig
    running: bool
    node: str = ""
    """The node that it is on; empty means the first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRecord:
    """A volume that belongs to a guest; size in bytes."""

    volid: str
    vmid: int
    size: int
    ctime: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRecord:
    """A pool with its members."""

    poolid: str
    comment: str
    vmids: tuple[int, ...]
    storages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task; it runs as long as it has no end. Times are seconds since the epoch."""

    upid: str
    starttime: int
    endtime: int | None
    exitstatus: str | None


class Transaction:
    """Changes that become true together, when the transaction's block ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put_meta(self, key: str, value: str) -> None:
        """Keep a setting."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def execute(self, sql: str, *values: object) -> int:
        """Run a statement of one of the stores beside this module; returns the rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def add_guest(self, vmid: int, config: GuestConfig, *, node: str = "") -> bool:
        """Add a guest; False when there is one with that id."""
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO guests (vmid, config, node) VALUES (?, ?, ?)",
            (vmid, config.to_text(), node),
        )
        return cursor.rowcount == 1

    def put_node(self, vmid: int, node: str) -> None:
        """Note the node that a guest is on."""
        self._connection.execute("UPDATE guests SET node = ? WHERE vmid = ?", (node, vmid))

    def put_config(self, vmid: int, config: GuestConfig) -> None:
        """Replace a guest's configuration."""
        self._connection.execute(
            "UPDATE guests SET config = ? WHERE vmid = ?", (config.to_text(), vmid)
        )

    def put_running(self, vmid: int, *, running: bool) -> None:
        """Note whether a guest is on."""
        self._connection.execute(
            "UPDATE guests SET running = ? WHERE vmid = ?", (int(running), vmid)
        )

    def remove_guest(self, vmid: int) -> None:
        """Remove a guest, its volumes' records, its snapshots and its membership in a pool."""
        for table in ("guests", "volumes", "pool_guests", "snapshots"):
            self._connection.execute(f"DELETE FROM {table} WHERE vmid = ?", (vmid,))  # noqa: S608

    def put_volume(self, volume: VolumeRecord) -> None:
        """Add a volume or change its size."""
        self._connection.execute(
            "INSERT OR REPLACE INTO volumes VALUES (?, ?, ?, ?)",
            (volume.volid, volume.vmid, volume.size, volume.ctime),
        )

    def remove_volume(self, volid: str) -> None:
        """Remove a volume's record."""
        self._connection.execute("DELETE FROM volumes WHERE volid = ?", (volid,))

    def add_pool(self, poolid: str, comment: str) -> bool:
        """Add a pool; False when there is one of that name."""
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO pools VALUES (?, ?)", (poolid, comment)
        )
        return cursor.rowcount == 1

    def put_pool_comment(self, poolid: str, comment: str) -> None:
        """Change a pool's comment."""
        self._connection.execute("UPDATE pools SET comment = ? WHERE poolid = ?", (comment, poolid))

    def remove_pool(self, poolid: str) -> None:
        """Remove a pool; its members stay."""
        for table in ("pools", "pool_guests", "pool_storages"):
            self._connection.execute(f"DELETE FROM {table} WHERE poolid = ?", (poolid,))  # noqa: S608

    def put_pool_guest(self, vmid: int, poolid: str | None) -> None:
        """Make a guest a member of one pool, or of none."""
        self._connection.execute("DELETE FROM pool_guests WHERE vmid = ?", (vmid,))
        if poolid is not None:
            self._connection.execute("INSERT INTO pool_guests VALUES (?, ?)", (vmid, poolid))

    def put_pool_storage(self, poolid: str, storage: str, *, member: bool) -> None:
        """Add a storage to a pool, or take it out."""
        self._connection.execute(
            "DELETE FROM pool_storages WHERE poolid = ? AND storage = ?", (poolid, storage)
        )
        if member:
            self._connection.execute("INSERT INTO pool_storages VALUES (?, ?)", (poolid, storage))

    def add_task(self, upid: str, starttime: int) -> None:
        """Add a task that runs."""
        self._connection.execute(
            "INSERT INTO tasks (upid, starttime) VALUES (?, ?)", (upid, starttime)
        )

    def end_task(self, upid: str, endtime: int, exitstatus: str) -> None:
        """Note a task's end."""
        self._connection.execute(
            "UPDATE tasks SET endtime = ?, exitstatus = ? WHERE upid = ?",
            (endtime, exitstatus, upid),
        )

    def trim_tasks(self, keep: int) -> list[str]:
        """Drop all ended tasks but the newest; returns their ids."""
        rows = self._connection.execute(
            "DELETE FROM tasks WHERE endtime IS NOT NULL AND rowid NOT IN "
            "(SELECT rowid FROM tasks ORDER BY rowid DESC LIMIT ?) RETURNING upid",
            (keep,),
        )
        return [str(row[0]) for row in rows.fetchall()]


class State:
    """The database; safe for use by many threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._local = threading.local()
        self._readers: list[_Reader] = []
        self._closed = False
        self.changes = 0
        """How often something was committed; what is derived from the state is good as long."""
        self._guests: tuple[int, tuple[GuestRecord, ...]] = (-1, ())
        try:
            path.touch(mode=0o600)
            self._writer = self._connect()
            self._migrate()
        except (sqlite3.Error, OSError) as error:
            if hasattr(self, "_writer"):
                self._writer.close()
            raise StateError(f"can't open the lab's state {path}: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _migrate(self) -> None:
        newer = migrate(self._writer)
        if newer is not None:
            raise StateError(
                f"the lab's state {self._path} is of version {newer}, this is {VERSION}",
                hint="remove it with 'homelab lab destroy'",
            )

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit the body's changes together when it ends; an exception undoes them all.

        Raises:
            StateError: nothing was changed, such as when the disk is full.
        """
        with self._lock:
            self._check_open()
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield Transaction(self._writer)
                self._writer.execute("COMMIT")
                self.changes += 1
            except sqlite3.Error as error:
                full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
                raise StateError(
                    f"unable to write the node's state - {error}",
                    hint=f"free some space in {self._path.parent}, then try again"
                    if full
                    else None,
                ) from error
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Read, for the stores beside this module."""
        try:
            reader = self._reader()
            with reader.lock:
                self._check_open()
                return reader.connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StateError(f"unable to read the node's state - {error}") from error

    def _reader(self) -> _Reader:
        """The calling thread's own connection for reading."""
        found: _Reader | None = getattr(self._local, "reader", None)
        if found is None:
            with self._opening:
                self._check_open()
                found = _Reader(connection=self._connect(), lock=threading.Lock())
                self._readers.append(found)
            self._local.reader = found
        return found

    def _check_open(self) -> None:
        if self._closed:
            raise StateError("the node's state is closed: the server is ending")

    def meta(self, key: str) -> str | None:
        """A setting."""
        rows = self.rows("SELECT value FROM meta WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    def guest(self, vmid: int) -> GuestRecord | None:
        """One guest."""
        rows = self.rows("SELECT vmid, config, running, node FROM guests WHERE vmid = ?", vmid)
        return _guest(rows[0]) if rows else None

    def guests(self) -> tuple[GuestRecord, ...]:
        """All guests by id."""
        changes, known = self._guests
        if changes != self.changes:
            changes = self.changes
            rows = self.rows("SELECT vmid, config, running, node FROM guests ORDER BY 1")
            known = tuple(_guest(row) for row in rows)
            self._guests = (changes, known)
        return known

    def vmids(self) -> frozenset[int]:
        """The ids that are taken."""
        return frozenset(cast("int", row[0]) for row in self.rows("SELECT vmid FROM guests"))

    def volumes(self, vmid: int | None = None) -> tuple[VolumeRecord, ...]:
        """All volumes, or those of one guest."""
        rows = self.rows(
            "SELECT volid, vmid, size, ctime FROM volumes WHERE ?1 IS NULL OR vmid = ?1 ORDER BY 1",
            vmid,
        )
        return tuple(
            VolumeRecord(
                volid=str(row[0]),
                vmid=cast("int", row[1]),
                size=cast("int", row[2]),
                ctime=cast("int", row[3]),
            )
            for row in rows
        )

    def used_space(self, node: str, storage: str, *, with_homeless: bool) -> int:
        """Bytes that a node's guests have on a storage; guests noted on no node may count."""
        rows = self.rows(
            "SELECT COALESCE(SUM(size), 0) FROM volumes JOIN guests USING (vmid) "
            "WHERE node IN (?, ?) AND volid GLOB ?",
            node,
            "" if with_homeless else node,
            f"{storage}:*",
        )
        return cast("int", rows[0][0])

    def pools(self) -> tuple[PoolRecord, ...]:
        """All pools by name."""
        guests = self.rows("SELECT poolid, vmid FROM pool_guests ORDER BY vmid")
        storages = self.rows("SELECT poolid, storage FROM pool_storages ORDER BY storage")
        return tuple(
            PoolRecord(
                poolid=str(poolid),
                comment=str(comment),
                vmids=tuple(cast("int", vmid) for pool, vmid in guests if pool == poolid),
                storages=tuple(str(storage) for pool, storage in storages if pool == poolid),
            )
            for poolid, comment in self.rows("SELECT poolid, comment FROM pools ORDER BY 1")
        )

    def pool(self, poolid: str) -> PoolRecord | None:
        """One pool."""
        return next((pool for pool in self.pools() if pool.poolid == poolid), None)

    def task(self, upid: str) -> TaskRecord | None:
        """One task."""
        rows = self.rows("SELECT * FROM tasks WHERE upid = ?", upid)
        return _task(rows[0]) if rows else None

    def tasks(self) -> tuple[TaskRecord, ...]:
        """All tasks, the newest first."""
        return tuple(_task(row) for row in self.rows("SELECT * FROM tasks ORDER BY rowid DESC"))

    def close(self) -> None:
        """Close every connection; what other threads do with it afterwards fails cleanly."""
        with self._lock, self._opening:
            self._closed = True
            for reader in self._readers:
                with reader.lock:
                    reader.connection.close()
            self._writer.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """A connection, and the lock that keeps it from being closed while it is used."""

    connection: sqlite3.Connection
    lock: threading.Lock


def _guest(row: tuple[object, ...]) -> GuestRecord:
    return GuestRecord(
        vmid=cast("int", row[0]),
        config=GuestConfig.from_text(str(row[1])),
        running=bool(row[2]),
        node=str(row[3]),
    )


def _task(row: tuple[object, ...]) -> TaskRecord:
    return TaskRecord(
        upid=str(row[0]),
        starttime=cast("int", row[1]),
        endtime=cast("int | None", row[2]),
        exitstatus=cast("str | None", row[3]),
    )
