"""The content of the memory runtime's volumes: a word each, so that copies can be told apart."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from homelab.lab.runtime import RuntimeFailureError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS volumes (volid TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS snapshots (
  volid TEXT NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (volid, name)) STRICT;
CREATE TABLE IF NOT EXISTS running (vmid INTEGER PRIMARY KEY, since REAL NOT NULL) STRICT;
"""


class MemoryVolumes:
    """Outlives the server in a file of its own, as real volumes do."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, or make it."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.close()
        self._connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False
        )
        try:
            self.execute("PRAGMA journal_mode = WAL")
            self.execute("PRAGMA synchronous = NORMAL")
            for statement in _SCHEMA.split(";")[:-1]:
                self.execute(statement)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def destroy(self) -> None:
        self.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)

    def make(self, volid: str, content: str, *, again: bool = True) -> None:
        """Make a volume; `again` replaces one that is there."""
        if again:
            self.remove([volid])
        self.execute("INSERT OR IGNORE INTO volumes VALUES (?, ?)", volid, content)

    def write(self, volid: str, content: str) -> None:
        """Change a volume's content, as a container would."""
        self.execute("UPDATE volumes SET content = ? WHERE volid = ?", content, volid)

    def content(self, volid: str, snapshot: str | None = None) -> str:
        """A volume's content, now or at a snapshot; raises RuntimeFailureError where there is none."""
        if snapshot is None:
            rows = self.execute("SELECT content FROM volumes WHERE volid = ?", volid)
        else:
            rows = self.execute(
                "SELECT content FROM snapshots WHERE volid = ? AND name = ?", volid, snapshot
            )
        if not rows:
            name = volid if snapshot is None else f"{volid}@{snapshot}"
            raise RuntimeFailureError(f"volume '{name}' does not exist")
        return str(rows[0][0])

    def all(self) -> tuple[str, ...]:
        return tuple(str(row[0]) for row in self.execute("SELECT volid FROM volumes ORDER BY 1"))

    def snapshot(self, volid: str, name: str) -> None:
        self.execute(
            "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", volid, name, self.content(volid)
        )

    def delete_snapshot(self, volid: str, name: str) -> None:
        self.execute("DELETE FROM snapshots WHERE volid = ? AND name = ?", volid, name)

    def rollback(self, volid: str, name: str) -> None:
        self.write(volid, self.content(volid, name))

    def rename(self, old: str, new: str) -> None:
        """Give a volume another id; one that has it already is done."""
        self.execute("UPDATE OR REPLACE volumes SET volid = ? WHERE volid = ?", new, old)

    def remove(self, volids: Sequence[str]) -> None:
        for volid in volids:
            self.execute("DELETE FROM volumes WHERE volid = ?", volid)
            self.execute("DELETE FROM snapshots WHERE volid = ?", volid)

    def execute(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement, and commit it.

        Raises:
            RuntimeFailureError: it could not be written, or the file is closed.
        """
        with self._lock:
            if self._connection is None:
                raise RuntimeFailureError("the memory runtime is closed")
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise RuntimeFailureError(f"unable to write the volumes - {error}") from error
