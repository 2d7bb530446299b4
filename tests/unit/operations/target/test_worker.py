from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.operations.target.worker import Worker, ago, this_process

_LETTERS = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="@")


@given(
    st.builds(
        Worker,
        user=st.text(_LETTERS, min_size=1, max_size=12),
        host=st.text(_LETTERS, min_size=1, max_size=20),
        pid=st.integers(1, 4194304),
        doing=st.none() | st.sampled_from(["plan", "deploy", "destroy", "migrate"]),
    )
)
def test_session_name_tells_the_worker_and_is_not_cut_by_postgresql(worker: Worker) -> None:
    name = worker.application_name()

    assert Worker.parse(name) == worker
    assert len(name.encode()) <= 63


@pytest.mark.parametrize("name", ["", "psql", "homelab", "homelab deploy", "pgAdmin 4 - CONN:1"])
def test_other_programs_are_no_workers(name: str) -> None:
    assert Worker.parse(name) is None


def test_this_process_is_here() -> None:
    worker = this_process()

    assert worker.pid == os.getpid()
    assert worker.is_here
    assert Worker.parse(worker.application_name("deploy")) is not None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s ago"), (59, "59 s ago"), (200, "3 min 20 s ago"), (7260, "2 h 1 min ago")],
)
def test_ago(seconds: int, text: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert ago(now - timedelta(seconds=seconds), now=now) == text
