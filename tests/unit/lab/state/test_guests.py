from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from homelab.lab.state.guests import GuestRecord, GuestTable, record_of
from homelab.pve.guest_config import GuestConfig

_VMIDS = st.integers(100, 104)


def _row(vmid: int, host: str, *, running: bool) -> tuple[object, ...]:
    return (vmid, GuestConfig(options={"hostname": host}).to_text(), int(running), "")


def test_a_row_is_a_guest() -> None:
    assert record_of(_row(100, "web", running=True)) == GuestRecord(
        vmid=100, config=GuestConfig(options={"hostname": "web"}), running=True
    )


class Copy(RuleBasedStateMachine):
    """Whatever is committed, read or forgotten: the copy is what the table is."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[int, tuple[object, ...]] = {}
        self.table = GuestTable(lambda: list(self.rows.values()))

    @rule(vmids=st.sets(_VMIDS, min_size=1), host=st.sampled_from("ab"), running=st.booleans())
    def put(self, vmids: set[int], host: str, *, running: bool) -> None:
        made = {vmid: _row(vmid, host, running=running) for vmid in vmids}
        self.rows.update(made)
        self.table.committed(list(made.values()), set(vmids))

    @rule(vmids=st.sets(_VMIDS, min_size=1))
    def remove(self, vmids: set[int]) -> None:
        for vmid in vmids:
            self.rows.pop(vmid, None)
        self.table.committed([], vmids)

    @rule()
    def forget(self) -> None:
        self.table.forget()

    @invariant()
    def it_is_what_the_table_is(self) -> None:
        expected = tuple(record_of(self.rows[vmid]) for vmid in sorted(self.rows))
        assert self.table.all() == expected
        assert self.table.vmids() == set(self.rows)
        assert [self.table.get(vmid) for vmid in range(100, 105) if vmid not in self.rows] == [
            None
        ] * (5 - len(self.rows))


TestCopy = Copy.TestCase
TestCopy.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)


def test_a_commit_while_the_table_is_read_is_not_lost() -> None:
    rows = [_row(100, "old", running=False)]

    def load() -> list[tuple[object, ...]]:
        found = list(rows)
        if len(rows) == 1:
            rows.append(_row(101, "new", running=False))
            table.committed(rows[1:], {101})
        return found

    table = GuestTable(load)
    assert {record.vmid for record in table.all()} == {100}  # as it was when it was asked
    assert {record.vmid for record in table.all()} == {100, 101}
