"""Snapshots of guests as the state keeps them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from homelab.lab.state.database import State, Transaction
from homelab.pve.guest_config import GuestConfig

PARENT = "parent"
"""The option of a configuration that names the snapshot it descends from."""
STATE = "snapstate"
"""The option of a snapshot that is not whole: `prepare`, or `delete`, as in PVE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRecord:
    """A snapshot; `config` is the guest's configuration at that time."""

    vmid: int
    name: str
    config: GuestConfig
    description: str
    """Every line with its newline, or empty."""
    snaptime: int
    """Seconds since the epoch."""
    damage: str | None = None
    """What of it can't be read; its configuration is what is left of it then."""

    @property
    def parent(self) -> str | None:
        return self.config.options.get(PARENT)

    @property
    def state(self) -> str | None:
        """What is being done to it, or was when that was cut off; None when it is whole."""
        return self.config.options.get(STATE)

    def being(self, state: str | None) -> SnapshotRecord:
        """The snapshot while something is done to it."""
        values = {} if state is None else {STATE: state}
        return replace(self, config=self.config.changed(values, delete=(STATE,)))


def put_snapshot(transaction: Transaction, snapshot: SnapshotRecord) -> None:
    """Add a snapshot or change the one of that name, which keeps its place among the others."""
    transaction.execute(
        "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "config = excluded.config, description = excluded.description, "
        "snaptime = excluded.snaptime",
        snapshot.vmid,
        snapshot.name,
        snapshot.config.to_stored(),
        snapshot.description,
        snapshot.snaptime,
    )


def remove_snapshot(transaction: Transaction, vmid: int, name: str) -> None:
    """Remove a snapshot's record."""
    transaction.execute("DELETE FROM snapshots WHERE vmid = ? AND name = ?", vmid, name)


def snapshots(state: State, vmid: int) -> dict[str, SnapshotRecord]:
    """A guest's snapshots by name, the oldest first."""
    rows = state.rows(
        "SELECT name, config, description, snaptime FROM snapshots WHERE vmid = ? "
        "ORDER BY snaptime, rowid",
        vmid,
    )
    return {name: _record(vmid, name, *row) for name, *row in rows}


def _record(vmid: int, name: str, text: str, description: str, snaptime: int) -> SnapshotRecord:
    config, damage = GuestConfig.from_stored(text)
    return SnapshotRecord(
        vmid=vmid,
        name=name,
        config=config,
        description=description,
        snaptime=snaptime,
        damage=damage,
    )
