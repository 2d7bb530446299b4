"""The topology from a plan's JSON (`terraform show -json PLAN`), checked against its resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from homelab.errors import TopologyError
from homelab.model.documents import topology_from_document
from homelab.model.outputs import output_value
from homelab.model.problems import raise_problems
from homelab.pve.sizes import parse_size

if TYPE_CHECKING:
    from homelab.model.topology import Topology
    from homelab.model.values import Container

RESOURCE = "proxmox_lxc"
_SAME = {"vmid", "cores", "memory", "swap", "onboot", "unprivileged"}
"""Attributes that have the topology's names."""


def topology_from_plan(plan: Mapping[str, Any]) -> Topology:
    """The topology that holds once the plan is applied.

    Values that are unknown until then are not compared.

    Raises:
        TopologyError: no topology is in the plan, or its resources say something else.
    """
    planned = plan.get("planned_values")
    if not isinstance(planned, Mapping):
        raise TopologyError(
            ["the plan has no planned values"], hint="give what `terraform show -json PLAN` prints"
        )
    topology = topology_from_document(output_value(planned.get("outputs") or {}, "the plan"))
    applied = root_variable(plan, "protect") is not False
    problems: list[str] = []
    seen: dict[str, str] = {}
    for resource in _resources(planned.get("root_module") or {}):
        address, values = resource["address"], resource.get("values") or {}
        name = values.get("hostname")
        if not isinstance(name, str):
            problems.append(f"{address}: the host name is not known")
        elif name in seen:
            problems.append(f"{address}: host name {name} is taken by {seen[name]}")
        else:
            seen[name] = address
            problems.extend(_compared(topology, name, address, values, applied=applied))
    problems.extend(
        f"containers.{container.name}: the plan has no {RESOURCE} for it"
        for container in topology
        if container.name not in seen
    )
    raise_problems(problems)
    return topology


def root_variable(plan: Mapping[str, Any], name: str) -> object:
    """The value of a root variable; None when the plan has none of that name.

    Terraform writes a boolean that came from the environment or the command line as a string.
    """
    variables = plan.get("variables")
    entry = variables.get(name) if isinstance(variables, Mapping) else None
    value = entry.get("value") if isinstance(entry, Mapping) else None
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for resource in module.get("resources", ()):
        if resource.get("mode") == "managed" and resource.get("type") == RESOURCE:
            yield resource
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _compared(
    topology: Topology, name: str, address: str, values: Mapping[str, Any], *, applied: bool
) -> Iterator[str]:
    try:
        container = topology.container(name)
    except KeyError:
        yield f"{address}: the topology has no container {name}"
        return
    for attribute, expected in _expected(container, applied=applied).items():
        planned = _planned(attribute, values)
        if planned is not None and planned != expected:
            yield f"{address}: {attribute} is {planned!r}, the topology says {expected!r}"


def _expected(container: Container, *, applied: bool) -> dict[str, object]:
    """`applied`: whether declared protection is (Terraform's variable `protect`)."""
    return {
        **container.model_dump(include=_SAME),
        "target_node": container.node,
        "protection": container.protection and applied,
        "tags": ";".join(container.tags),
        "rootfs": [(container.rootfs.storage, parse_size(container.rootfs.size))],
        "network": [
            (nic.name, nic.bridge, str(nic.ip), str(nic.gateway or ""), nic.firewall)
            for nic in container.networks
        ],
        "mountpoint": [
            (mount.path, mount.storage, parse_size(mount.size), mount.backup)
            for mount in container.mount_points
        ],
    }


def _planned(attribute: str, values: Mapping[str, Any]) -> object:
    value = values.get(attribute)
    match attribute, value:
        case "rootfs", list():
            return [(item.get("storage"), _size(item)) for item in value]
        case "network", list():
            return [
                (
                    *map(nic.get, ("name", "bridge", "ip")),
                    nic.get("gw") or "",
                    bool(nic.get("firewall")),
                )
                for nic in value
            ]
        case "mountpoint", list():
            return [
                (item.get("mp"), item.get("storage"), _size(item), bool(item.get("backup")))
                for item in value
            ]
    return value


def _size(item: Mapping[str, Any]) -> int | str:
    text = str(item.get("size"))
    try:
        return parse_size(text)
    except ValueError:
        return text
