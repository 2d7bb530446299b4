"""The lab's state in SQLite: written and committed before a reply is sent.

There is one writer at a time; readers never wait for it (write-ahead log). A commit survives
kill -9, and with `synchronous=FULL` loss of power; notes about tasks alone do without the latter,
as PVE's own do.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from homelab.errors import HomelabError
from homelab.lab.state.guests import COLUMNS, GuestRecord, GuestTable
from homelab.lab.state.memo import Memo
from homelab.lab.state.readers import Readers
from homelab.lab.state.records import PoolRecord, TaskRecord, VolumeRecord
from homelab.lab.state.schema import VERSION, migrate
from homelab.lab.state.transaction import Transaction

__all__ = [
    "GuestRecord",
    "PoolRecord",
    "State",
    "StateError",
    "TaskRecord",
    "Transaction",
    "VolumeRecord",
]
_MANY = 500
"""Guests touched by one commit, from which on reading all of them again is less work."""


def _read_text(stored: bytes) -> str:
    """Also what is no valid UTF-8: one such row must not keep the others from being read."""
    return stored.decode(errors="replace")


class StateError(HomelabError):
    """The state could not be read or written, such as when the disk is full."""


class State:
    """The database; safe for use by many threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._local = threading.local()
        self._readers = Readers(self._connect_to_read)
        self._closed = False
        self._guests = GuestTable(lambda: self.rows(f"SELECT {COLUMNS} FROM guests"))  # noqa: S608
        self.changes = 0
        """How often anything but tasks and settings changed; what derives from it is good as long."""
        self.pool_changes = 0
        """How often pools changed."""
        self._memo = Memo()
        try:
            path.touch(mode=0o600)
            self._writer = self._connect()
            try:
                newer = migrate(self._writer)
            except BaseException:
                self._writer.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise StateError(f"can't open the lab's state {path}: {error}") from error
        if newer is not None:
            self._writer.close()
            raise StateError(
                f"the lab's state {path} is of version {newer}, this is {VERSION}",
                hint="remove it with 'homelab lab destroy'",
            )

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            connection.text_factory = _read_text
            connection.execute("PRAGMA busy_timeout = 10000")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_to_read(self) -> sqlite3.Connection:
        self._check_open()
        return self._connect()

    @contextmanager
    def transaction(self, *, lasting: bool = True) -> Iterator[Transaction]:
        """Commit the body's changes together when it ends; an exception undoes them all.

        What is committed survives kill -9, and where it is `lasting` a loss of power too.

        Raises:
            StateError: nothing was changed, such as when the disk is full.
        """
        with self._lock:
            self._check_open()
            try:
                now = lasting and not self._is_together()
                self._writer.execute(f"PRAGMA synchronous = {'FULL' if now else 'NORMAL'}")
                self._writer.execute("BEGIN IMMEDIATE")
                transaction = Transaction(self._writer)
                yield transaction
                self._writer.execute("COMMIT")
                if lasting and not now:
                    self._local.owes = True
                self._note(transaction)
            except sqlite3.Error as error:
                self._forget()
                full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
                raise StateError(
                    f"unable to write the node's state - {error}",
                    hint=f"free some space in {self._path.parent}, then try again"
                    if full
                    else None,
                ) from error
            except OverflowError as error:
                raise StateError("unable to write the node's state - number too large") from error
            except UnicodeEncodeError as error:
                raise StateError("unable to write the node's state - no valid UTF-8") from error
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make what the calling thread commits in the block lasting at its end, all at once.

        What is answered after the block is then as good as if each commit had been made to last.

        Raises:
            StateError: what was committed is there, and may not survive a loss of power.
        """
        if self._is_together():
            yield
            return
        self._local.owes = False
        try:
            yield
        finally:
            owes, self._local.owes = self._local.owes, None
            if owes:
                self._sync()

    def _is_together(self) -> bool:
        return getattr(self._local, "owes", None) is not None

    def _sync(self) -> None:
        """Have the write-ahead log on the disk; SQLite itself does that for what it moves on."""
        try:
            log = os.open(f"{self._path}-wal", os.O_RDONLY)
        except FileNotFoundError:
            return
        try:
            os.fdatasync(log)
        except OSError as error:
            raise StateError(f"unable to write the node's state - {error}") from error
        finally:
            os.close(log)

    def _note(self, transaction: Transaction) -> None:
        """Bring what is kept in memory up to date, and only then say that it changed."""
        touched = transaction.guests
        try:
            if 0 < len(touched) <= _MANY:
                marks = ",".join("?" * len(touched))
                rows = self._writer.execute(
                    f"SELECT {COLUMNS} FROM guests WHERE vmid IN ({marks})",  # noqa: S608
                    tuple(touched),
                )
                self._guests.committed(rows.fetchall(), touched)
            elif touched:
                self._guests.forget()
        except sqlite3.Error:
            self._forget()
            return
        self.pool_changes += transaction.changes_pools
        self.changes += bool(touched) or transaction.changes_pools or transaction.changes_more

    def _forget(self) -> None:
        """Read everything again: what was committed is not known."""
        self._guests.forget()
        self.pool_changes += 1
        self.changes += 1

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Read, for the stores beside this module."""
        try:
            with self._readers.lent() as connection:
                return connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StateError(f"unable to read the node's state - {error}") from error

    def _check_open(self) -> None:
        if self._closed:
            raise StateError("the node's state is closed: the server is ending")

    def meta(self, key: str) -> str | None:
        rows = self.rows("SELECT value FROM meta WHERE key = ?", key)
        value: str | None = rows[0][0] if rows else None
        return value

    def guest(self, vmid: int) -> GuestRecord | None:
        return self._guests.get(vmid)

    def guests(self) -> tuple[GuestRecord, ...]:
        return self._guests.all()

    def vmids(self) -> frozenset[int]:
        return self._guests.vmids()

    def volumes(self, vmid: int | None = None) -> tuple[VolumeRecord, ...]:
        """All volumes, or those of one guest."""
        rows = self.rows(
            "SELECT volid, vmid, size, ctime FROM volumes WHERE ?1 IS NULL OR vmid = ?1 ORDER BY 1",
            vmid,
        )
        return tuple(
            VolumeRecord(volid=volid, vmid=owner, size=size, ctime=ctime)
            for volid, owner, size, ctime in rows
        )

    def used_space(self, node: str, storage: str, *, with_homeless: bool) -> int:
        """Bytes that a node's guests have on a storage; guests noted on no node may count."""
        space = self._memo.get("space", self.changes, self._read_space)
        homeless = space.get(("", storage), 0) if with_homeless and node else 0
        return space.get((node, storage), 0) + homeless

    def _read_space(self) -> dict[tuple[str, str], int]:
        rows = self.rows(
            "SELECT node, substr(volid, 1, instr(volid, ':') - 1), total(size) "
            "FROM volumes JOIN guests USING (vmid) GROUP BY 1, 2"
        )
        return {(node, storage): max(int(size), 0) for node, storage, size in rows}

    def pools(self) -> tuple[PoolRecord, ...]:
        return self._memo.get("pools", self.pool_changes, self._read_pools)

    def pool_of(self) -> Mapping[str, str]:
        """The pool of each guest and storage that is in one, by its path: /vms/100."""
        return self._memo.get("pool of", self.pool_changes, self._read_pool_of)

    def _read_pool_of(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for pool in self.pools():
            found.update((f"/vms/{vmid}", pool.poolid) for vmid in pool.vmids)
            found.update((f"/storage/{name}", pool.poolid) for name in pool.storages)
        return found

    def _read_pools(self) -> tuple[PoolRecord, ...]:
        guests: dict[str, list[int]] = {}
        for poolid, vmid in self.rows("SELECT poolid, vmid FROM pool_guests ORDER BY vmid"):
            guests.setdefault(poolid, []).append(vmid)
        storages: dict[str, list[str]] = {}
        for poolid, name in self.rows("SELECT poolid, storage FROM pool_storages ORDER BY 2"):
            storages.setdefault(poolid, []).append(name)
        return tuple(
            PoolRecord(
                poolid=poolid,
                comment=comment,
                vmids=tuple(guests.get(poolid, ())),
                storages=tuple(storages.get(poolid, ())),
            )
            for poolid, comment in self.rows("SELECT poolid, comment FROM pools ORDER BY 1")
        )

    def pool(self, poolid: str) -> PoolRecord | None:
        return next((pool for pool in self.pools() if pool.poolid == poolid), None)

    def task(self, upid: str) -> TaskRecord | None:
        return next(self._tasks("SELECT * FROM tasks WHERE upid = ?", upid), None)

    def tasks(self) -> tuple[TaskRecord, ...]:
        """All tasks, the newest first."""
        return tuple(self._tasks("SELECT * FROM tasks ORDER BY rowid DESC"))

    def _tasks(self, sql: str, *values: object) -> Iterator[TaskRecord]:
        for upid, starttime, endtime, exitstatus in self.rows(sql, *values):
            yield TaskRecord(upid=upid, starttime=starttime, endtime=endtime, exitstatus=exitstatus)

    def close(self) -> None:
        """Close every connection; what other threads do with it afterwards fails cleanly.

        A read that is under way on another thread is finished, and closes its own.
        """
        with self._lock:
            self._closed = True
            self._readers.close()
            self._writer.close()
