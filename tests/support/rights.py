"""Rights for a test's user: what is to be lacking, what is just enough, and all the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from lab_node import LabNode

from homelab.lab.access.delegation import ALLOCATES, MODIFY
from homelab.lab.api.rights import (
    AllOf,
    AnyOf,
    Inside,
    Modify,
    OnUser,
    Permission,
    Privilege,
    Right,
    Rows,
    ThatUser,
)
from homelab.lab.state import accounts
from homelab.lab.state.accounts import Role, Rule

ANN, WORD = "ann@pve", "long enough"
_EVERYWHERE = ("/access", "/mapping", "/nodes", "/pool", "/sdn", "/storage", "/vms")


@dataclass(frozen=True)
class Grant:
    """Privileges at a path."""

    path: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{'|'.join(self.names)} on {self.path}"


def right_of(permission: Permission) -> Right | None:
    """The right that a row of the table states; None where there is none."""
    if isinstance(permission, str):
        return None
    if isinstance(permission, Inside):
        return permission.whole
    return permission.right if isinstance(permission, Rows) else permission


def lacking(right: Right, values: Mapping[str, str]) -> list[tuple[Grant, ...]]:
    """Each choice of grants without which the right does not hold, everything else given."""
    match right:
        case AllOf():
            return [choice for part in right.rights for choice in lacking(part, values)]
        case AnyOf():
            parts = [lacking(part, values) for part in right.rights]
            return [tuple(g for choice in choices for g in choice) for choices in product(*parts)]
        case ThatUser():
            return [()]
        case _:
            return [tuple(_alternatives(right, values))]


def enough(right: Right, values: Mapping[str, str]) -> list[tuple[Grant, ...]]:
    """Each choice of grants with which the right holds, nothing else given."""
    match right:
        case AllOf():
            parts = [enough(part, values) for part in right.rights]
            return [tuple(g for choice in choices for g in choice) for choices in product(*parts)]
        case AnyOf():
            return [choice for part in right.rights for choice in enough(part, values)]
        case ThatUser():
            return []
        case _:
            found = _alternatives(right, values)
            return [(Grant(g.path, (name,)),) for g in found for name in g.names]


def _alternatives(right: Right, values: Mapping[str, str]) -> Iterator[Grant]:
    match right:
        case Privilege():
            yield Grant(right.path.format(**values), (right.name, *right.or_else))
        case Modify():
            path = right.path.format(**values)
            own = [ALLOCATES[part] for part in ALLOCATES if path.startswith(f"/{part}/")]
            yield Grant(path, (MODIFY, *own))
        case OnUser():
            yield Grant("/access/groups", right.names)
            yield Grant("/access/groups/ops", right.names)


def hold_all_but(node: LabNode, gone: Iterable[Grant]) -> None:
    """Let Ann hold every privilege everywhere, without some."""
    missing: dict[str, set[str]] = {}
    for grant in gone:
        missing.setdefault(grant.path, set()).update(grant.names)
    everything = node.context.access.known
    roles = {
        path: tuple(name for name in everything if name not in names)
        for path, names in missing.items()
    }
    whole = _EVERYWHERE if "/" in missing else ("/",)
    assert not roles.keys() & set(whole)
    _set(node, roles, whole)


def hold_only(node: LabNode, given: Iterable[Grant]) -> None:
    """Let Ann hold these privileges and no others."""
    roles: dict[str, tuple[str, ...]] = {}
    for grant in given:
        roles[grant.path] = (*roles.get(grant.path, ()), *grant.names)
    _set(node, roles)


def _set(node: LabNode, roles: Mapping[str, tuple[str, ...]], whole: Iterable[str] = ()) -> None:
    """Roles at single paths, which replace there what holds on the `whole` trees."""
    access = node.context.access
    with access.change() as transaction:
        for rule in access.accounts.rules:
            if rule.ugid == ANN:
                accounts.remove(transaction, rule.key, Rule)
        for path in whole:
            put_rule(transaction, Rule(path=path, kind="user", ugid=ANN, role="Administrator"))
        for number, (path, names) in enumerate(roles.items()):
            role = f"Test{number}"
            accounts.put(transaction, role, Role(privs=names))
            rule = Rule(path=path, kind="user", ugid=ANN, role=role, propagate=False)
            put_rule(transaction, rule)


def put_rule(transaction: Any, rule: Rule) -> None:
    accounts.put(transaction, rule.key, rule)


def content(node: LabNode) -> dict[str, object]:
    """All that the node keeps: its tables, its volumes, its files."""
    state = node.context.state
    tables = state.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
    found: dict[str, object] = {
        str(name): state.rows(f"SELECT * FROM {name} ORDER BY 1, 2")  # noqa: S608
        for (name,) in tables
    }
    found["files"] = sorted(str(path) for path in node.context.files.rglob("*"))
    return found
