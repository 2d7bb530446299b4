from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from homelab.lab.state import schema


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        yield opened


def _tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {str(name) for (name,) in rows}


def test_a_new_database_gets_every_table_and_is_left_alone_afterwards(connection) -> None:
    assert schema.migrate(connection) is None
    tables = _tables(connection)
    assert {"guests", "volumes", "tasks", "documents", "snapshots"} <= tables
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    assert schema.migrate(connection) is None
    assert _tables(connection) == tables


def test_the_guests_of_the_first_version_are_kept(connection) -> None:
    connection.executescript(f"{schema._STEPS[0]} PRAGMA user_version=1;")
    connection.execute("INSERT INTO guests (vmid, config) VALUES (100, 'hostname: web')")
    assert schema.migrate(connection) is None
    rows = connection.execute("SELECT vmid, config, running, node FROM guests").fetchall()
    assert rows == [(100, "hostname: web", 0, "")]


def test_a_newer_database_is_left_as_it_is(connection) -> None:
    connection.execute("PRAGMA user_version = 99")
    assert schema.migrate(connection) == 99
    assert _tables(connection) == set()
