"""The JSON form of a topology, as Terraform's output `topology` carries it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from homelab.errors import TopologyError
from homelab.model.firewall import sort_rules
from homelab.model.problems import Where, from_pydantic, raise_problems
from homelab.model.topology import Topology
from homelab.model.values import Container, FirewallRule, Network

SCHEMA = 1
_M = TypeVar("_M", bound=BaseModel)


def topology_from_document(document: Mapping[str, Any]) -> Topology:
    """The topology of its JSON form.

    Raises:
        TopologyError: listing every value that is none, with its place in the document.
    """
    if document.get("schema") != SCHEMA:
        raise TopologyError(
            [f"schema: {document.get('schema')!r} is not {SCHEMA}, the one that is understood"],
            hint="use the same version of homelab for terraform/ and for the library",
        )
    problems: list[str] = []
    networks = sorted(
        _values(document, "networks", Network, problems), key=lambda network: network.name
    )
    containers = sorted(
        _values(document, "containers", Container, problems),
        key=lambda container: (container.vmid, container.name),
    )
    rules = _list(document, "firewall", FirewallRule, problems)
    raise_problems(problems)
    return Topology(
        networks=tuple(networks),
        containers=tuple(containers),
        firewall=sort_rules(rules, containers),
    )


def document_of(topology: Topology) -> dict[str, Any]:
    """The JSON form of a topology."""
    return {
        "schema": SCHEMA,
        "networks": {
            network.name: network.model_dump(mode="json", exclude={"name"})
            for network in topology.networks
        },
        "containers": {
            container.name: container.model_dump(mode="json", exclude={"name"})
            for container in topology
        },
        "firewall": [rule.model_dump(mode="json") for rule in topology.firewall],
    }


def _values(
    document: Mapping[str, Any], key: str, model: type[_M], problems: list[str]
) -> list[_M]:
    items = document.get(key)
    if not isinstance(items, Mapping):
        problems.append(f"{key}: must be an object of entries by name")
        return []
    found: list[_M] = []
    for name, item in items.items():
        if isinstance(item, Mapping):
            found.extend(_read({**item, "name": name}, (key, name), model, problems))
        else:
            problems.append(f"{_dotted(key, name)}: must be an object")
    return found


def _list(document: Mapping[str, Any], key: str, model: type[_M], problems: list[str]) -> list[_M]:
    items = document.get(key, [])
    if not isinstance(items, list):
        problems.append(f"{key}: must be a list")
        return []
    return [
        value
        for index, item in enumerate(items)
        for value in _read(item, (key, index), model, problems)
    ]


def _read(item: Any, where: Where, model: type[_M], problems: list[str]) -> Iterator[_M]:
    try:
        yield model.model_validate_json(json.dumps(item), strict=True)
    except ValidationError as exc:
        problems.extend(
            f"{_dotted(*where, *path)}: {message}"
            for path, message in from_pydantic(exc, names={}, subject=str(where[-1]))
        )


def _dotted(*parts: str | int) -> str:
    return ".".join(str(part) for part in parts)
