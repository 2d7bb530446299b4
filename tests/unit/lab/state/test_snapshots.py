from __future__ import annotations

from dataclasses import replace

from homelab.lab.state.snapshots import (
    SnapshotRecord,
    put_snapshot,
    remove_snapshot,
    snapshots,
)
from homelab.pve.guest_config import GuestConfig


def _snapshot(name: str, time: int = 5, **options: str) -> SnapshotRecord:
    return SnapshotRecord(
        vmid=100, name=name, config=GuestConfig(options=options), description="", snaptime=time
    )


def test_the_oldest_comes_first_and_a_changed_one_keeps_its_place(state) -> None:
    one, two, early = _snapshot("one"), _snapshot("two"), _snapshot("early", time=4)
    with state.transaction() as transaction:
        for snapshot in (one, two, early):
            put_snapshot(transaction, snapshot)
        put_snapshot(transaction, replace(one, description="changed\n"))
    found = snapshots(state, 100)
    assert list(found) == ["early", "one", "two"]
    assert found["one"] == replace(one, description="changed\n")
    assert snapshots(state, 101) == {}


def test_one_is_removed_by_its_name(state) -> None:
    with state.transaction() as transaction:
        put_snapshot(transaction, _snapshot("one"))
        put_snapshot(transaction, _snapshot("two"))
        remove_snapshot(transaction, 100, "one")
        remove_snapshot(transaction, 100, "none")
    assert list(snapshots(state, 100)) == ["two"]


def test_what_is_done_to_a_snapshot_is_noted_in_it_until_it_is_whole() -> None:
    whole = _snapshot("one", hostname="web", parent="zero")
    assert (whole.parent, whole.state) == ("zero", None)
    half = whole.being("prepare")
    assert (half.parent, half.state) == ("zero", "prepare")
    assert half.being("delete").state == "delete"
    assert half.being(None) == whole
