from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.runtimes.memory_running import RunningTable
from homelab.lab.runtimes.memory_volumes import MemoryVolumes

_STEPS = st.lists(st.tuples(st.booleans(), st.integers(100, 104)), max_size=30)


@contextmanager
def opened(path: Path, *, booted: bool = False) -> Iterator[tuple[RunningTable, MemoryVolumes]]:
    with closing(MemoryVolumes(path)) as volumes:
        volumes.open()
        table = RunningTable(volumes.execute)
        table.open(booted=booted)
        yield table, volumes


def _start(table: RunningTable, vmids: Iterable[int]) -> None:
    for vmid in vmids:
        table.start(vmid)


@given(steps=_STEPS, more=_STEPS)
def test_what_is_on_outlives_any_end(
    steps: list[tuple[bool, int]], more: list[tuple[bool, int]]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "volumes.db"
        on: set[int] = set()
        for part in (steps, more, []):
            with opened(path) as (table, _volumes):
                assert set(table.running()) == on
                for start, vmid in part:
                    (table.start if start else table.stop)(vmid)
                    on = on | {vmid} if start else on - {vmid}
                assert set(table.running()) == on


def test_uptime_goes_on_with_the_next_server(tmp_path: Path) -> None:
    with opened(tmp_path / "volumes.db") as (table, volumes):
        table.start(100)
        later = RunningTable(volumes.execute, clock=lambda: 4e9)
        later.open(booted=False)
        assert later.running()[100].uptime > 1e9


def test_nothing_is_on_when_the_node_has_booted(tmp_path: Path) -> None:
    with opened(tmp_path / "volumes.db") as (table, _volumes):
        table.start(100)
    with opened(tmp_path / "volumes.db", booted=True) as (table, _volumes):
        assert not table.running()
    with opened(tmp_path / "volumes.db") as (table, _volumes):
        assert not table.running()


def test_what_can_not_be_written_down_is_off(tmp_path: Path) -> None:
    with opened(tmp_path / "volumes.db") as (table, volumes):
        table.start(100)
        volumes.execute("PRAGMA max_page_count = 1")
        with pytest.raises(RuntimeFailureError, match="database or disk is full"):
            _start(table, range(101, 2000))
        on = set(table.running())
        assert 100 in on
        assert {row[0] for row in volumes.execute("SELECT vmid FROM running")} == on
