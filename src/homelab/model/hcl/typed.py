"""From what a tree declares to typed values; whatever is no such value is told with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from homelab.model.hcl.declared import Declared, DeclaredEntry
from homelab.model.hcl.defaults import attribute_names
from homelab.model.hcl.entries import ContainerEntry, Defaults, NetworkEntry
from homelab.model.hcl.tree import expressions
from homelab.model.problems import from_pydantic, raise_problems
from homelab.model.values import Container, Name, Network, Value

_V = TypeVar("_V", bound=Value)
_NAME = TypeAdapter(Name)
_NEEDED = {"node": "target_node", "storage": "storage", "template": "template"}


def typed(
    tree: Declared, variables: Mapping[str, str]
) -> tuple[tuple[Network, ...], tuple[Container, ...]]:
    """The networks by name and the containers by vmid; `variables` are the root module's.

    Raises:
        TopologyError: listing every problem with its file and line.
    """
    problems = list(tree.problems)
    defaults = _defaults(tree, variables, problems)
    networks = [
        entry.resolve(one.name)
        for one, entry in _read(tree.network_entries, NetworkEntry, problems)
    ]
    gateways = {network.bridge: network.gateway for network in networks}
    problems.extend(_names_used_twice(tree.container_entries))
    containers = [
        entry.resolve(one.name, one.category, gateways=gateways, defaults=defaults)
        for one, entry in _read(tree.container_entries, ContainerEntry, problems)
    ]
    raise_problems(problems)
    return (
        tuple(sorted(networks, key=lambda network: network.name)),
        tuple(sorted(containers, key=lambda container: container.vmid)),
    )


def _defaults(tree: Declared, given: Mapping[str, str], problems: list[str]) -> Defaults:
    """What entries get that do not say it themselves; an empty string in place of what is wrong."""
    problems.extend(
        f"{source}: no variable {name!r} is declared in {tree.directory}"
        for source, assigned in (*tree.assigned, ("the given variables", given))
        for name in assigned
        if name not in tree.variables
    )
    values = tree.variable_values(given)
    found = {}
    for field, name in _NEEDED.items():
        value = values.get(name)
        if not isinstance(value, str) or not value:
            problems.append(f"{tree.directory}: variable {name!r} has no value that is a string")
        found[field] = str(value or "")
    return Defaults(**found)


def _names_used_twice(entries: Sequence[DeclaredEntry]) -> Iterator[str]:
    first: dict[str, DeclaredEntry] = {}
    for entry in entries:
        earlier = first.setdefault(entry.name, entry)
        if earlier is not entry:
            yield (
                f"{entry.place()}: {entry.name}: the name {entry.name} is there twice"
                f" (see {earlier.place()})"
            )


def _read(
    entries: Sequence[DeclaredEntry], model: type[_V], problems: list[str]
) -> Iterator[tuple[DeclaredEntry, _V]]:
    """The entries that are literal and well-typed; the others become problems."""
    names = attribute_names(model)
    for entry in entries:
        found = list(_no_values(entry))
        if found:
            problems.extend(found)
            continue
        try:
            # JSON's strict mode takes lists and strings where the types need them, and does not
            # turn "2" into 2 or true into 1.
            parsed = model.model_validate_json(json.dumps(_without_nulls(entry.raw)), strict=True)
        except ValidationError as error:
            problems.extend(
                f"{entry.place(path)}: {message}"
                for path, message in from_pydantic(error, names=names, subject=entry.name)
            )
            continue
        yield entry, parsed


def _no_values(entry: DeclaredEntry) -> Iterator[str]:
    """Why an entry is not an object of literal values under a host's name."""
    value = entry.key.value
    if value.kind in ("literal", "tuple"):
        yield f"{entry.file.place(value.line)}: {entry.name} must be an object of attributes"
        return
    unresolved = list(expressions(value))
    for path, node in unresolved:
        dotted = f"{entry.name}.{path}".rstrip(".")
        yield (
            f"{entry.file.place(node.line)}: {dotted} must be a literal value, not the expression"
            f" {node.text[:60]}"
        )
    if unresolved:
        return
    if not isinstance(entry.raw, Mapping):
        yield f"{entry.place()}: {entry.name}: the entry could not be read"
        return
    try:
        _NAME.validate_python(entry.name)
    except ValidationError:
        yield (
            f"{entry.place()}: {entry.name!r} is not a host name: lower-case letters, digits and"
            " hyphens"
        )


def _without_nulls(value: Any) -> Any:
    """The value without attributes that are null: Terraform gives those their defaults."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
