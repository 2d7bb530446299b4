"""Small records that the state keeps by kind and key: users, rules, settings of the node."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from homelab.lab.state.database import State, Transaction

Document = dict[str, Any]


def put_document(
    transaction: Transaction, kind: str, key: str, value: Mapping[str, object]
) -> None:
    """Keep a record; an earlier one is replaced."""
    transaction.execute(
        "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", kind, key, json.dumps(value)
    )


def remove_document(transaction: Transaction, kind: str, key: str) -> bool:
    """Remove a record; False when there was none."""
    return transaction.execute("DELETE FROM documents WHERE kind = ? AND key = ?", kind, key) > 0


def document(state: State, kind: str, key: str) -> Document | None:
    """One record."""
    rows = state.rows("SELECT value FROM documents WHERE kind = ? AND key = ?", kind, key)
    found: Document | None = json.loads(rows[0][0]) if rows else None
    return found


def documents(state: State, kind: str) -> dict[str, Document]:
    """All records of a kind, sorted by key."""
    rows = state.rows("SELECT key, value FROM documents WHERE kind = ? ORDER BY key", kind)
    return {key: json.loads(value) for key, value in rows}
