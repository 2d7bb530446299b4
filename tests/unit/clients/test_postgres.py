from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.clients.postgres import (
    _DEPLOY,
    DatabaseError,
    LockKind,
    StateDatabase,
    _Key,
    _kind,
    _signed,
    stored_state,
)
from homelab.errors import UnreachableError

_IDS = {7: "production", 8: "staging", (5 << 32) + 1: "far"}


def _lock(number: int) -> _Key:
    return _Key((number % (1 << 64)) >> 32, number % (1 << 32), 1)


@pytest.mark.parametrize(
    ("key", "workspace", "kind"),
    [
        (_lock(7), "production", LockKind.STATE),
        (_lock(8), "production", None),
        (_lock(9), "production", None),
        (_lock((5 << 32) + 1), "far", LockKind.STATE),
        (_lock(-1), "production", LockKind.CREATION),
        (_Key(_DEPLOY, 42, 2), "production", LockKind.DEPLOY),
        (_Key(_DEPLOY, 43, 2), "production", None),
        (_Key(0, 7, 2), "production", None),
    ],
)
def test_which_lock_is_of_concern_to_a_workspace(
    key: _Key, workspace: str, kind: LockKind | None
) -> None:
    assert _kind(key, _IDS, workspace, 42) == kind


@given(st.integers(0, (1 << 32) - 1))
def test_signed_integers_have_the_same_bits(number: int) -> None:
    signed = _signed(number)

    assert -(1 << 31) <= signed < 1 << 31
    assert signed % (1 << 32) == number


def test_state_counts_instances() -> None:
    document = {
        "serial": 3,
        "lineage": "x",
        "resources": [{"instances": [{}, {}]}, {"instances": []}],
    }

    stored = stored_state(document)

    assert (stored.serial, stored.lineage, stored.resources) == (3, "x", 2)
    assert stored_state({}).resources == 0


def test_database_that_is_not_there_is_named_without_the_password(tmp_path: Path) -> None:
    connection = f"postgres://homelab:hunter2@/postgres?host={tmp_path}"

    with pytest.raises(UnreachableError, match="does not let us in") as caught:
        StateDatabase(connection, "homelab", application_name="test")

    assert "hunter2" not in str(caught.value)


def test_what_is_no_connection_string_is_refused_without_showing_it() -> None:
    with pytest.raises(DatabaseError, match="is not a connection string") as caught:
        StateDatabase("hunter2 hunter2", "homelab", application_name="test")

    assert "hunter2" not in str(caught.value)
