"""A subject from a plan's JSON, or from a topology."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from homelab.model import Topology, document_of
from homelab.model.changes import Change, mapping, resources_of
from homelab.model.plan import root_variable
from homelab.policy import reading
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN, GuestView, NetworkView

_NOTHING: Mapping[str, Any] = {}

_PLAIN = (
    *("vmid", "cores", "memory", "swap", "onboot"),
    *("protection", "unprivileged", "start", "pool", "password"),
)
_VOLUME_KEYS = {"mp": "path"}
_NIC_KEYS = {"gw": "gateway"}


def subject_from_plan(
    plan: Mapping[str, Any],
    topology: Topology | None = None,
    *,
    resources: Sequence[Change] | None = None,
) -> Subject:
    """What a plan (`terraform show -json`) leads to, and what it changes.

    `topology` is asked where the plan has no output of that name; `resources` are the plan's where
    they have been read already.
    """
    known = resources_of(plan) if resources is None else resources
    document = _document(plan, topology)
    containers = document.get("containers")
    declared = mapping(containers)
    is_partial = not all(_is_known(document.get(part)) for part in ("containers", "networks"))
    protect = reading.flag(root_variable(plan, "protect"), default=True)
    guests: list[GuestView] = []
    seen: set[str] = set()
    unsure = UNKNOWN if is_partial else None
    for resource in known:
        if resource.is_container and resource.after:
            seen.add(resource.name)
            own = declared.get(resource.name, unsure)
            guests.append(_guest(resource, own, applied=protect is not False))
    guests.extend(
        reading.guest(name, raw)
        for name, raw in declared.items()
        if name not in seen and isinstance(raw, Mapping)
    )
    return Subject(
        networks=networks_of(document.get("networks")),
        guests=guests,
        firewall=reading.rules(document.get("firewall")),
        firewall_policy=reading.text(document.get("firewall_policy", UNKNOWN)),
        resources=known,
        changes=[resource for resource in known if resource.action is not None],
        is_partial=is_partial,
        tls_insecure=reading.flag(root_variable(plan, "tls_insecure")),
        provider=_provider(plan),
        protect=protect,
    )


def subject_from_topology(topology: Topology) -> Subject:
    """What a topology declares, without what a plan would add."""
    return replace(subject_from_plan({}, topology), changes=None)


def _document(plan: Mapping[str, Any], topology: Topology | None) -> Mapping[str, Any]:
    """The topology's JSON form, with `UNKNOWN` where the plan does not know a value."""
    change = mapping(mapping(plan.get("output_changes")).get("topology"))
    after = change.get("after")
    if isinstance(after, Mapping):
        unknown = change.get("after_unknown")
        return mapping(_marked(after, unknown) if unknown else after)
    outputs = mapping(mapping(plan.get("planned_values")).get("outputs"))
    value = mapping(outputs.get("topology")).get("value")
    if isinstance(value, Mapping):
        return value
    if topology is not None:
        return document_of(topology)
    return {"containers": UNKNOWN, "networks": UNKNOWN, "firewall": UNKNOWN}


def _marked(value: Any, unknown: Any) -> Any:
    """The value with `UNKNOWN` where Terraform's `after_unknown` says true."""
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, Mapping) and isinstance(value, Mapping):
        return {
            **value,
            **{key: _marked(value.get(key), part) for key, part in unknown.items() if part},
        }
    if isinstance(unknown, list) and isinstance(value, list):
        return [_marked(item, part) for item, part in zip_longest(value, unknown)]
    return value


def _guest(resource: Change, declared: Any, *, applied: bool) -> GuestView:
    """A container from its resource; what only the topology knows comes from there.

    So does its protection where that is not `applied`.
    """
    after, unknown = resource.after, resource.unknown
    raw = dict(declared) if isinstance(declared, Mapping) else {}
    if declared is UNKNOWN:
        raw.update(service=UNKNOWN, category=UNKNOWN, description=UNKNOWN)
    raw["address"] = resource.address
    for attribute in _PLAIN:
        if attribute == "protection" and attribute in raw and not applied:
            continue
        raw[attribute] = UNKNOWN if unknown.get(attribute) is True else after.get(attribute)
    raw["node"] = UNKNOWN if unknown.get("target_node") is True else after.get("target_node")
    raw["template"] = UNKNOWN if unknown.get("ostemplate") is True else after.get("ostemplate")
    tags = UNKNOWN if unknown.get("tags") is True else after.get("tags")
    raw["tags"] = tags.split(";") if isinstance(tags, str) and tags else tags or []
    raw["networks"] = _blocks(after, unknown, "network", _NIC_KEYS)
    raw["mount_points"] = _blocks(after, unknown, "mountpoint", _VOLUME_KEYS)
    roots = _blocks(after, unknown, "rootfs", _NOTHING)
    raw["rootfs"] = roots[0] if isinstance(roots, list) and roots else UNKNOWN
    features = _blocks(after, unknown, "features", _NOTHING)
    raw["features"] = (features[0] if features else {}) if isinstance(features, list) else UNKNOWN
    if "startup" not in raw:
        raw["startup"] = _startup(after, unknown)
    return reading.guest(resource.name, raw)


def _startup(after: Mapping[str, Any], unknown: Mapping[str, Any]) -> Any:
    value = after.get("startup")
    if unknown.get("startup") is True or not isinstance(value, str):
        return UNKNOWN
    pairs = dict(part.partition("=")[::2] for part in value.split(","))
    order = pairs.get("order", value if value.isdecimal() else "")
    return {"order": int(order) if order.isascii() and order.isdecimal() else UNKNOWN}


def _blocks(
    after: Mapping[str, Any], unknown: Mapping[str, Any], name: str, renamed: Mapping[str, str]
) -> Any:
    """Nested blocks of a resource with the topology's names for their attributes."""
    parts = unknown.get(name)
    if parts is True:
        return UNKNOWN
    values = after.get(name)
    if not isinstance(values, list):
        return [] if values is None else UNKNOWN
    result = []
    for index, value in enumerate(values):
        if type(value) is not dict:
            return UNKNOWN
        part = parts[index] if isinstance(parts, list) and index < len(parts) else None
        whole = dict(value)
        if type(part) is dict:
            for key, flag in part.items():
                if flag is True:
                    whole[key] = UNKNOWN
        elif part is True:
            return UNKNOWN
        for old, new in renamed.items():
            whole[new] = whole.pop(old, None)
        if whole.get("gateway") == "":
            whole["gateway"] = None
        result.append(whole)
    return result


def _is_known(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(item, Mapping) for item in value.values())


def networks_of(value: Any) -> list[NetworkView]:
    """The networks of a topology's JSON form."""
    return [
        reading.network(name, raw)
        for name, raw in mapping(value).items()
        if isinstance(raw, Mapping)
    ]


def _provider(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    config = mapping(mapping(plan.get("configuration")).get("provider_config"))
    found: dict[str, Any] = {}
    for provider in config.values():
        if mapping(provider).get("name") == "proxmox":
            for name, expression in mapping(mapping(provider).get("expressions")).items():
                literal = isinstance(expression, Mapping) and "constant_value" in expression
                found[name] = expression["constant_value"] if literal else UNKNOWN
    return found


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list; none in place of anything else."""
    return [item for item in sequence(value) if isinstance(item, Mapping)]


def sequence(value: Any) -> Iterable[Any]:
    """A list, or an empty one in place of anything else."""
    return value if isinstance(value, list | tuple) else ()
