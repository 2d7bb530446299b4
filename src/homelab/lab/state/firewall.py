"""Firewall rules, aliases, IP sets and options as the node keeps them, by the scope they are for.

They are stored here and enforced elsewhere. As on PVE, a list's digest is shown with each entry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from homelab.lab.failures import ApiFailureError, modified
from homelab.lab.state.database import State, Transaction
from homelab.lab.state.documents import (
    DamagedError,
    Document,
    document,
    document_to_change,
    documents,
    put_document,
    remove_document,
)

_KIND = "firewall"
DAMAGED = "this group is damaged: remove it"
"""The comment of a group that can't be read."""
CLUSTER = "cluster"
Row = dict[str, object]


@dataclass(slots=True, kw_only=True)
class Firewall:
    """Everything of one scope, to be changed within `changing`."""

    rules: list[Row] = field(default_factory=list)
    aliases: dict[str, Row] = field(default_factory=dict)
    ipsets: dict[str, Row] = field(default_factory=dict)
    """By name: `comment`, and `entries` by address."""
    options: Row = field(default_factory=dict)
    comment: str = ""
    """Of a security group."""


def node_scope(node: str) -> str:
    """The name of a node's firewall."""
    return f"node/{node}"


def guest_scope(vmid: int) -> str:
    """The name of a guest's firewall."""
    return f"guest/{vmid}"


def group_scope(group: str) -> str:
    """The name of a security group."""
    return f"group/{group}"


def read(state: State, scope: str) -> Firewall:
    """What a scope has; empty when nothing was set.

    Raises:
        DamagedError: it can't be read; any change begins with nothing.
    """
    found = document(state, _KIND, scope)
    read = Firewall() if found is None else _firewall(found)
    if read is None:
        raise DamagedError(f"the firewall of {scope} is damaged; any change of it begins anew")
    return read


def read_to_change(state: State, scope: str) -> Firewall:
    """The same of what is to be written again; nothing where it is damaged."""
    return _firewall(document_to_change(state, _KIND, scope)) or Firewall()


def groups(state: State) -> dict[str, Firewall]:
    """All security groups by name."""
    prefix = group_scope("")
    return {
        scope.removeprefix(prefix): _firewall(value) or Firewall(comment=DAMAGED)
        for scope, value in documents(state, _KIND).items()
        if scope.startswith(prefix)
    }


def _firewall(value: Document | None) -> Firewall | None:
    """What was kept of a scope; None when it is not what was kept."""
    try:
        found = Firewall(**value) if value is not None else None
    except TypeError:
        return None
    return found if found is not None and _is_whole(found) else None


def _is_whole(found: Any) -> bool:
    return (
        isinstance(found.rules, list)
        and all(map(_is_row, found.rules))
        and all(isinstance(part, dict) for part in (found.aliases, found.ipsets))
        and all(
            _is_row(alias) and isinstance(alias.get("cidr"), str)
            for alias in found.aliases.values()
        )
        and all(_is_set(ipset) for ipset in found.ipsets.values())
        and _is_row(found.options)
        and isinstance(found.comment, str)
    )


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and all(isinstance(value, (str, int)) for value in row.values())


def _is_set(ipset: object) -> bool:
    if not isinstance(ipset, dict) or not isinstance(ipset.get("comment", ""), str):
        return False
    entries = ipset.get("entries")
    return isinstance(entries, dict) and all(map(_is_row, entries.values()))


@contextmanager
def changing(state: State, scope: str) -> Iterator[Firewall]:
    """Change what a scope has; kept when the block ends."""
    with state.transaction() as transaction:
        firewall = read_to_change(state, scope)
        yield firewall
        write(transaction, scope, firewall)


def write(transaction: Transaction, scope: str, firewall: Firewall) -> None:
    """Keep what a scope has."""
    value = {name: getattr(firewall, name) for name in Firewall.__slots__}
    put_document(transaction, _KIND, scope, value)


def remove(transaction: Transaction, scope: str) -> None:
    """Forget a scope."""
    remove_document(transaction, _KIND, scope)


def digest_of(part: object) -> str:
    """The digest that a list or a set of options is shown with."""
    text = json.dumps(part, sort_keys=True)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def check_digest(part: object, digest: str) -> None:
    """Refuse a change made from an older state.

    Raises:
        ApiFailureError: PVE's text.
    """
    if digest and digest != digest_of(part):
        raise modified()


def rule_at(rules: list[Row], position: int) -> Row:
    """A rule by its position; raises ApiFailureError where there is none."""
    if position >= len(rules):
        raise ApiFailureError(f"no rule at position {position}")
    return rules[position]


def shown_rules(rules: list[Row]) -> list[Row]:
    """Rules as lists show them: with their positions and the digest."""
    digest = digest_of(rules)
    return [{**rule, "pos": number, "digest": digest} for number, rule in enumerate(rules)]
