from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.runtimes.memory_running import RunningJournal

_STEPS = st.lists(st.tuples(st.booleans(), st.integers(100, 104)), max_size=30)


@given(steps=_STEPS, torn=st.integers(0, 12), more=_STEPS)
def test_what_is_on_outlives_any_end(
    steps: list[tuple[bool, int]], torn: int, more: list[tuple[bool, int]]
) -> None:
    """Also one in the middle of a line, after which other lines follow."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "running"
        on: set[int] = set()
        for part in (steps, more):
            journal = RunningJournal(path)
            journal.open()
            assert set(journal.running()) == on
            for start, vmid in part:
                (journal.start if start else journal.stop)(vmid)
                on = on | {vmid} if start else on - {vmid}
            with path.open("a", encoding="ascii") as file:
                file.write("[100, 1764000000.5]"[:torn])
        journal = RunningJournal(path)
        journal.open()
        assert set(journal.running()) == on


def test_journal_is_shortened_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "running"
    journal = RunningJournal(path)
    for _ in range(50):
        journal.start(100)
        journal.stop(100)
    journal.start(101)
    RunningJournal(path).open()
    assert len(path.read_text(encoding="ascii").splitlines()) == 1


def test_full_disk_leaves_the_journal_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "running"
    journal = RunningJournal(path)
    journal.start(100)
    journal.stop(100)
    journal.start(101)
    before = path.read_bytes()
    path.with_suffix(".new").symlink_to("/dev/full")
    again = RunningJournal(path)
    again.open()
    assert path.read_bytes() == before
    assert set(again.running()) == {101}
