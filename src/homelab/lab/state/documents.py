"""Small records that the state keeps by kind and key: users, rules, settings of the node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from homelab.lab.failures import ApiFailureError
from homelab.lab.state.database import State, StateError, Transaction

Document = dict[str, Any]


class DamagedError(ApiFailureError):
    """A record can't be read; the message names it, and says how to be rid of it."""


def put_document(
    transaction: Transaction, kind: str, key: str, value: Mapping[str, object]
) -> None:
    """Keep a record; an earlier one is replaced.

    Raises:
        StateError: it would not read back as it is.
    """
    try:
        text = orjson.dumps(value).decode()
    except TypeError as error:
        raise StateError(f"unable to write the node's state - {kind} {key!r}: {error}") from error
    transaction.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", kind, key, text)


def remove_document(transaction: Transaction, kind: str, key: str) -> bool:
    """Remove a record; False when there was none."""
    return transaction.execute("DELETE FROM documents WHERE kind = ? AND key = ?", kind, key) > 0


def document(state: State, kind: str, key: str) -> Document | None:
    """One record.

    Raises:
        DamagedError: it is there, and can't be read.
    """
    rows = state.rows("SELECT value FROM documents WHERE kind = ? AND key = ?", kind, key)
    if not rows:
        return None
    found = _read(rows[0][0])
    if found is None:
        raise DamagedError(f"the record of {kind} '{key}' is damaged; setting it again replaces it")
    return found


def document_to_change(state: State, kind: str, key: str) -> Document:
    """One record that is to be written again; empty where there is none, or a damaged one."""
    rows = state.rows("SELECT value FROM documents WHERE kind = ? AND key = ?", kind, key)
    return (_read(rows[0][0]) if rows else None) or {}


def documents(state: State, kind: str) -> dict[str, Document | None]:
    """All records of a kind, sorted by key; None for one that can't be read."""
    rows = state.rows("SELECT key, value FROM documents WHERE kind = ? ORDER BY key", kind)
    return {key: _read(value) for key, value in rows}


def _read(text: str) -> Document | None:
    """A record; None when it is no object of JSON, or one that could not be shown."""
    try:
        found = orjson.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    return None
