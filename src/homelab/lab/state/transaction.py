"""Changes to the lab's state that become true together."""

from __future__ import annotations

import sqlite3

from homelab.lab.state.records import VolumeRecord
from homelab.pve.guest_config import GuestConfig


class Transaction:
    """Changes that become true together, when the transaction's block ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.guests: set[int] = set()
        """Guests of which something was changed."""
        self.changes_pools = False
        self.changes_more = False
        """Whether anything else was changed that is kept: not tasks, and not settings."""

    def put_meta(self, key: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def execute(self, sql: str, *values: object) -> int:
        """Run a statement of one of the stores beside this module; returns the rows it changed."""
        self.changes_more = True
        return self._connection.execute(sql, values).rowcount

    def add_guest(self, vmid: int, config: GuestConfig, *, node: str = "") -> bool:
        """Add a guest; False when there is one with that id."""
        self.guests.add(vmid)
        cursor = self._connection.execute(
            "INSERT OR IGNORE INTO guests (vmid, config, node) VALUES (?, ?, ?)",
            (vmid, config.to_stored(), node),
        )
        return cursor.rowcount == 1

    def put_node(self, vmid: int, node: str) -> None:
        self._change_guest("node", vmid, node)

    def put_config(self, vmid: int, config: GuestConfig) -> None:
        self._change_guest("config", vmid, config.to_stored())

    def put_running(self, vmid: int, *, running: bool) -> None:
        self._change_guest("running", vmid, int(running))

    def remove_guest(self, vmid: int) -> None:
        """Remove a guest, its volumes' records, its snapshots and its membership in a pool."""
        self.guests.add(vmid)
        for table in ("guests", "volumes", "pool_guests", "snapshots"):
            self._pools(f"DELETE FROM {table} WHERE vmid = ?", vmid)  # noqa: S608

    def put_volume(self, volume: VolumeRecord) -> None:
        """Add a volume or change its size."""
        self.execute(
            "INSERT OR REPLACE INTO volumes VALUES (?, ?, ?, ?)",
            *(volume.volid, volume.vmid, volume.size, volume.ctime),
        )

    def remove_volume(self, volid: str) -> None:
        self.execute("DELETE FROM volumes WHERE volid = ?", volid)

    def add_pool(self, poolid: str, comment: str) -> bool:
        """Add a pool; False when there is one of that name."""
        return self._pools("INSERT OR IGNORE INTO pools VALUES (?, ?)", poolid, comment) == 1

    def put_pool_comment(self, poolid: str, comment: str) -> None:
        self._pools("UPDATE pools SET comment = ? WHERE poolid = ?", comment, poolid)

    def remove_pool(self, poolid: str) -> None:
        """Remove a pool; its members stay."""
        for table in ("pools", "pool_guests", "pool_storages"):
            self._pools(f"DELETE FROM {table} WHERE poolid = ?", poolid)  # noqa: S608

    def put_pool_guest(self, vmid: int, poolid: str | None) -> None:
        """Make a guest a member of one pool, or of none."""
        self._pools("DELETE FROM pool_guests WHERE vmid = ?", vmid)
        if poolid is not None:
            self._pools("INSERT INTO pool_guests VALUES (?, ?)", vmid, poolid)

    def put_pool_storage(self, poolid: str, storage: str, *, member: bool) -> None:
        """Add a storage to a pool, or take it out."""
        self._pools("DELETE FROM pool_storages WHERE poolid = ? AND storage = ?", poolid, storage)
        if member:
            self._pools("INSERT INTO pool_storages VALUES (?, ?)", poolid, storage)

    def add_task(self, upid: str, starttime: int) -> None:
        self._connection.execute(
            "INSERT INTO tasks (upid, starttime) VALUES (?, ?)", (upid, starttime)
        )

    def end_task(self, upid: str, endtime: int, exitstatus: str) -> None:
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
        return [upid for (upid,) in rows.fetchall()]

    def _change_guest(self, column: str, vmid: int, value: object) -> None:
        self.guests.add(vmid)
        self._connection.execute(
            f"UPDATE guests SET {column} = ? WHERE vmid = ?",  # noqa: S608
            (value, vmid),
        )

    def _pools(self, sql: str, *values: object) -> int:
        self.changes_pools = True
        return self._connection.execute(sql, values).rowcount
