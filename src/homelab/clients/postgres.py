"""The database behind Terraform's pg backend: which states it has, and who holds their locks.

Terraform keeps a row per workspace in SCHEMA.states and takes the advisory lock of the row's id
(of -1 while it makes a workspace). Its error does not tell who has the lock: the "Lock Info" that
it prints describes the one who asks. PostgreSQL knows: pg_locks names the session, and
pg_stat_activity what the session calls itself, where it comes from and since when it exists.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from homelab.errors import CapabilityError, HomelabError, UnreachableError
from homelab.polling import wait_until

if TYPE_CHECKING:
    import psycopg

Row = TypeVar("Row")

_DEPLOY = int.from_bytes(b"home")
"""First half of the key of our own advisory locks; the second tells the workspaces apart."""
_CREATION = -1
_TWO_INTEGERS = 2
"""How pg_locks marks a key of two integers; one of a bigint has 1 (PostgreSQL's manual, pg_locks)."""


class LockKind(StrEnum):
    """What a session holds."""

    STATE = "state"
    """Terraform's lock of one workspace."""
    CREATION = "workspace creation"
    """Terraform's lock while it makes a workspace; there is one in a database."""
    DEPLOY = "deploy"
    """Ours, from before a plan until the services answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session of the database that holds a lock; None where the role may not see it."""

    kind: LockKind
    backend: int
    """The server's process."""
    role: str
    application: str
    address: str | None
    since: datetime | None
    """When the session began; Terraform locks within a second of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """What a workspace's row says about its state."""

    serial: int
    lineage: str
    resources: int


def stored_state(document: Mapping[str, Any]) -> StoredState:
    """What there is to know of a state, from its own JSON."""
    return StoredState(
        serial=int(document.get("serial", 0)),
        lineage=str(document.get("lineage", "")),
        resources=sum(
            len(resource.get("instances", ())) for resource in document.get("resources") or ()
        ),
    )


class _Key(NamedTuple):
    """An advisory lock's key as pg_locks shows it: two halves, and how it was given."""

    high: int
    low: int
    form: int


class DatabaseError(HomelabError):
    """The database refused what was asked of it."""


class HeldLock:
    """A deploy lock that this process holds as long as its session lasts."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def is_held(self) -> bool:
        """Whether the session, and the lock with it, still exists."""
        import psycopg

        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True


class StateDatabase:
    """One schema of the database that PG_CONN_STR leads to; a context manager."""

    def __init__(self, connection_string: str, schema: str, *, application_name: str) -> None:
        self._connection_string = connection_string
        self.schema = schema
        self._connection = self._connect(application_name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def document(self, workspace: str) -> dict[str, Any] | None:
        """A workspace's state as Terraform stores it; None when there is none."""
        data = {name: data for _, name, data in self._rows()}.get(workspace)
        return None if data is None else dict(json.loads(data))

    def states(self) -> dict[str, StoredState]:
        """All workspaces with what their states are; empty before the first init."""
        return {
            str(name): stored_state(json.loads(data))
            for _, name, data in self._rows()
            if data is not None
        }

    def holders(self, workspace: str) -> tuple[Session, ...]:
        """The sessions that hold a lock which stands in the way of work on this workspace."""
        ids = {int(row): str(name) for row, name, _ in self._rows()}
        query = """
            SELECT l.classid::bigint, l.objid::bigint, l.objsubid, l.pid, coalesce(a.usename, ''),
                   coalesce(a.application_name, ''), host(a.client_addr), a.backend_start
            FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            ORDER BY a.backend_start, l.pid
        """
        found = []
        columns = ("backend", "role", "application", "address", "since")
        for high, low, form, *row in self._ask(query):
            key = _Key(high, low, form)
            kind = _kind(key, ids, workspace, self._deploy_key(workspace))
            if kind is not None:
                found.append(Session(kind=kind, **dict(zip(columns, row, strict=True))))
        return tuple(found)

    def terminate(self, session: Session, *, patience: float = 10.0) -> None:
        """End a session, and wait until its lock is gone.

        Raises:
            DatabaseError: the role may not do that.
            WaitTimeoutError: the server did not end it in time.
        """
        self._ask("SELECT pg_terminate_backend(%s)", session.backend)

        def gone() -> bool | None:
            query = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = %s"
            return True if not self._ask(query, session.backend) else None

        wait_until(gone, what=f"the end of backend {session.backend}", timeout=patience)

    @contextmanager
    def deploy_lock(self, workspace: str, doing: str) -> Iterator[HeldLock | None]:
        """Hold the deploy lock of a workspace in the body; None when another session has it."""
        connection = self._connect(doing)
        try:
            query = "SELECT pg_try_advisory_lock(%s, %s)"
            keys = (_DEPLOY, _signed(self._deploy_key(workspace)))
            row = _guarded(lambda: connection.execute(query, keys).fetchone())
            yield HeldLock(connection) if row is not None and row[0] else None
        finally:
            connection.close()

    def _deploy_key(self, workspace: str) -> int:
        return zlib.crc32(f"{self.schema}.{workspace}".encode())

    def _rows(self) -> list[tuple[Any, ...]]:
        from psycopg import sql

        exists = self._ask("SELECT to_regclass(%s)", f'"{self.schema}".states')
        if exists[0][0] is None:
            return []
        query = sql.SQL("SELECT id, name, data FROM {} ORDER BY name").format(
            sql.Identifier(self.schema, "states")
        )
        return _guarded(lambda: self._connection.execute(query).fetchall())

    def _ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return _guarded(lambda: self._connection.execute(query.encode(), values).fetchall())

    def _connect(self, application_name: str) -> psycopg.Connection[Any]:
        try:
            import psycopg
        except ImportError as error:
            raise CapabilityError(
                f"the PostgreSQL driver does not load: {error}",
                hint="pip install 'psycopg[binary]'",
            ) from error
        try:
            return psycopg.connect(
                self._connection_string,
                autocommit=True,
                application_name=application_name,
                connect_timeout=10,
                keepalives_idle=30,
                keepalives_interval=10,
            )
        except psycopg.ProgrammingError:
            raise DatabaseError(
                "PG_CONN_STR is not a connection string",
                hint="it looks like postgres://USER:PASSWORD@HOST/DATABASE",
            ) from None  # the driver's text quotes from it
        except psycopg.OperationalError as error:
            raise UnreachableError(
                f"the state's database does not let us in: {_first_line(error)}",
                hint="check PG_CONN_STR; see docs/remote-state.md",
            ) from error


def _guarded(ask: Callable[[], Row]) -> Row:
    """Run a query; the driver's errors become ours."""
    import psycopg

    try:
        return ask()
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"the state's database refuses: {_first_line(error)}",
            hint="use the role that holds the lock, or one that is a member of pg_signal_backend",
        ) from error
    except psycopg.OperationalError as error:
        raise UnreachableError(
            f"the state's database went away: {_first_line(error)}", hint="try again"
        ) from error
    except psycopg.Error as error:
        raise DatabaseError(f"the state's database refuses: {_first_line(error)}") from error


def _kind(key: _Key, ids: Mapping[int, str], workspace: str, deploy: int) -> LockKind | None:
    """What an advisory lock is to a workspace; None where it is of no concern to it."""
    if key.form == _TWO_INTEGERS:
        return LockKind.DEPLOY if (key.high, key.low) == (_DEPLOY, deploy) else None
    number = key.high << 32 | key.low
    if number == _CREATION % (1 << 64):
        return LockKind.CREATION
    return LockKind.STATE if ids.get(number) == workspace else None


def _signed(number: int) -> int:
    """An unsigned 32-bit number as PostgreSQL's integer with the same bits."""
    return number - (1 << 32) if number >= 1 << 31 else number


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
