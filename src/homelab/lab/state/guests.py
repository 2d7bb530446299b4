"""The guests as they are committed, kept in memory, so that no read has to parse them again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from homelab.pve.guest_config import GuestConfig

Row = tuple[Any, ...]
"""vmid, configuration as text, running, node."""
COLUMNS = "vmid, config, running, node"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRecord:
    """A guest as the state keeps it; `running` is whether it was on when last looked at."""

    vmid: int
    config: GuestConfig
    running: bool
    node: str = ""
    """The node that it is on; empty means the first one."""
    damage: str | None = None
    """What of it can't be read; its configuration is what is left of it then."""


def record_of(row: Row) -> GuestRecord:
    """A guest from its row."""
    vmid, text, running, node = row
    config, damage = GuestConfig.from_stored(text)
    return GuestRecord(vmid=vmid, config=config, running=bool(running), node=node, damage=damage)


class GuestTable:
    """A copy of the table of guests that the writer keeps up to date, commit by commit.

    It is read from the database when it is first asked for, and again after anything went wrong.
    """

    def __init__(self, load: Callable[[], Sequence[Row]]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._records: dict[int, GuestRecord] | None = None
        self._sorted: tuple[GuestRecord, ...] | None = None
        self._commits = 0

    def get(self, vmid: int) -> GuestRecord | None:
        return self._all().get(vmid)

    def vmids(self) -> frozenset[int]:
        records = self._all()
        with self._lock:
            return frozenset(records)

    def all(self) -> tuple[GuestRecord, ...]:
        records = self._all()
        with self._lock:
            if records is not self._records:
                return tuple(records[vmid] for vmid in sorted(records))
            if self._sorted is None:
                self._sorted = tuple(records[vmid] for vmid in sorted(records))
            return self._sorted

    def committed(self, rows: Sequence[Row], touched: set[int]) -> None:
        """Take over what a commit made of the guests that it touched; one without a row is gone."""
        with self._lock:
            self._commits += 1
            self._sorted = None
            if self._records is None:
                return
            made = {record.vmid: record for record in map(record_of, rows)}
            for vmid in touched - made.keys():
                self._records.pop(vmid, None)
            self._records.update(made)

    def forget(self) -> None:
        """Read everything again: what was committed is not known."""
        with self._lock:
            self._commits += 1
            self._records = self._sorted = None

    def _all(self) -> dict[int, GuestRecord]:
        records = self._records
        if records is not None:
            return records
        commits = self._commits
        loaded = {record.vmid: record for record in map(record_of, self._load())}
        with self._lock:
            if commits == self._commits and self._records is None:
                self._records = loaded
        return loaded
