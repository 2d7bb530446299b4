"""The tables of the lab's database, and how an older database becomes a newer one."""

from __future__ import annotations

import sqlite3

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE guests (
  vmid INTEGER PRIMARY KEY, config TEXT NOT NULL, running INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE volumes (
  volid TEXT PRIMARY KEY, vmid INTEGER NOT NULL, size INTEGER NOT NULL, ctime INTEGER NOT NULL
) STRICT;
CREATE TABLE pools (poolid TEXT PRIMARY KEY, comment TEXT NOT NULL) STRICT;
CREATE TABLE pool_guests (vmid INTEGER PRIMARY KEY, poolid TEXT NOT NULL) STRICT;
CREATE TABLE pool_storages (
  poolid TEXT NOT NULL, storage TEXT NOT NULL, PRIMARY KEY (poolid, storage)) STRICT;
CREATE TABLE tasks (
  upid TEXT PRIMARY KEY, starttime INTEGER NOT NULL, endtime INTEGER, exitstatus TEXT) STRICT;
"""
_SECOND = """
ALTER TABLE guests ADD COLUMN node TEXT NOT NULL DEFAULT '';
CREATE TABLE documents (
  kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT;
CREATE TABLE snapshots (
  vmid INTEGER NOT NULL, name TEXT NOT NULL, config TEXT NOT NULL, description TEXT NOT NULL,
  snaptime INTEGER NOT NULL, PRIMARY KEY (vmid, name)) STRICT;
"""
_STEPS = (_FIRST, _SECOND)

VERSION = len(_STEPS)


def migrate(connection: sqlite3.Connection) -> int | None:
    """Bring a database up to this version; returns its version when that is newer than ours."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number in range(version, VERSION):
        connection.executescript(
            f"BEGIN; {_STEPS[number]} PRAGMA user_version={number + 1}; COMMIT;"
        )
    return int(version) if version > VERSION else None
