"""What a plan does to each resource, out of its JSON (`terraform show -json`).

What comes from outside is not trusted: a part that is not what it should be counts as missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from homelab.pve.telmate.attributes import CONTAINER

_KEY = re.compile(r'\["([^"]+)"\]')
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Action(StrEnum):
    """What would happen to a resource."""

    ADOPT = "adopt"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


_ACTIONS: Mapping[tuple[str, ...], Action] = {
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
}


class Change(NamedTuple):
    """What a plan does to one resource; `before`, `after` and `unknown` are Terraform's."""

    address: str
    type: str
    name: str
    """The container's name; for other resources the address."""
    action: Action | None
    """None where nothing happens to it."""
    before: Mapping[str, Any] = _NOTHING
    after: Mapping[str, Any] = _NOTHING
    unknown: Mapping[str, Any] = _NOTHING
    replace_paths: tuple[tuple[str | int, ...], ...] = ()
    sensitive: tuple[Any, Any] = (None, None)
    """Terraform's marks of what is secret in `before` and in `after`."""
    import_id: str | None = None
    """The id that the plan takes it over from; None when it does not."""

    @property
    def is_container(self) -> bool:
        """Whether it is a container, and not a pool."""
        return self.type == CONTAINER

    @property
    def removes(self) -> bool:
        """Whether something that exists would be gone, if only for a moment."""
        return self.action in {Action.DELETE, Action.REPLACE}

    @property
    def changed(self) -> tuple[str, ...]:
        """The attributes that differ, by name; only for what existed before and goes on."""
        before, after = self.before, self.after
        if not before or not after:
            return ()
        return tuple(
            sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        )

    def __repr__(self) -> str:
        """Without values, among which there may be secrets."""
        return f"Change({self.action or 'nothing'}: {self.address})"


def resources_of(plan: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every managed resource of a plan, also those that it leaves alone, in the plan's order."""
    found = plan.get("resource_changes")
    return tuple(
        _change(resource)
        for resource in (found if isinstance(found, list | tuple) else ())
        if type(resource) is dict and resource.get("mode", "managed") == "managed"
    )


def action_of(actions: Any, *, importing: bool = False) -> Action | None:
    """Terraform's list of actions as one word; None for nothing to do."""
    words = tuple(actions) if isinstance(actions, list | tuple) else ()
    found = _ACTIONS.get(words) if all(isinstance(word, str) for word in words) else None
    return Action.ADOPT if found is None and importing else found


def item_of(address: str) -> str:
    """`plex` for module.container["plex"].proxmox_lxc.this; other addresses as they are."""
    keys = _KEY.findall(address) if f"{CONTAINER}." in address else ()
    return str(keys[-1]) if keys else address


def _change(resource: Mapping[str, Any]) -> Change:
    change = mapping(resource.get("change"))
    address, kind = str(resource.get("address", "")), str(resource.get("type", ""))
    before, after = mapping(change.get("before")), mapping(change.get("after"))
    importing, paths = change.get("importing"), change.get("replace_paths")
    source = mapping(importing).get("id")
    return Change(
        address,
        kind,
        _name(address, before, after) if kind == CONTAINER else address,
        action_of(change.get("actions"), importing=bool(importing)),
        before,
        after,
        mapping(change.get("after_unknown")),
        _paths(paths) if paths else (),
        (change.get("before_sensitive"), change.get("after_sensitive")),
        source if isinstance(source, str) else None,
    )


def _name(address: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    for values in (after, before):
        name = values.get("hostname")
        if isinstance(name, str):
            return name
    return item_of(address)


def _paths(paths: Any) -> tuple[tuple[str | int, ...], ...]:
    return tuple(
        tuple(part for part in path if isinstance(part, str | int))
        for path in (paths if isinstance(paths, list) else ())
        if isinstance(path, list)
    )


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one in place of anything else."""
    return value if type(value) is dict else _NOTHING
