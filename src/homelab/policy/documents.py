"""A subject from a plan's JSON, from a topology, or from a tree's HCL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from homelab.model import Topology, document_of
from homelab.model.hcl import Declared, Expression
from homelab.policy import reading
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN, Action, ChangeView, GuestView

CONTAINER = "proxmox_lxc"
_NOTHING: Mapping[str, Any] = {}
_FIREWALL_MODULE = ("modules", "firewall-rules")

_ACTIONS: Mapping[tuple[str, ...], Action] = {
    ("create",): "create",
    ("update",): "update",
    ("delete",): "delete",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
}
_PLAIN = (
    "vmid",
    "cores",
    "memory",
    "swap",
    "onboot",
    "protection",
    "unprivileged",
    "start",
    "pool",
    "password",
)
_VOLUME_KEYS = {"mp": "path"}
_NIC_KEYS = {"gw": "gateway"}


def subject_from_plan(plan: Mapping[str, Any], topology: Topology | None = None) -> Subject:
    """What a plan (`terraform show -json`) leads to, and what it changes.

    `topology` is asked where the plan has no output of that name.
    """
    document = _document(plan, topology)
    containers = document.get("containers")
    declared = _mapping(containers)
    is_partial = not all(_is_known(document.get(part)) for part in ("containers", "networks"))
    guests: list[GuestView] = []
    seen: set[str] = set()
    changes: list[ChangeView] = []
    for resource in _list(plan.get("resource_changes")):
        if resource.get("mode", "managed") != "managed":
            continue
        change = _mapping(resource.get("change"))
        name = _name_of(resource, change)
        action = _action(change)
        if action is not None:
            changes.append(_change(resource, change, name, action))
        if resource.get("type") == CONTAINER and isinstance(change.get("after"), Mapping):
            seen.add(name)
            unsure = UNKNOWN if is_partial else None
            guests.append(_guest(resource, change, name, declared.get(name, unsure)))
    guests.extend(
        reading.guest(name, raw)
        for name, raw in declared.items()
        if name not in seen and isinstance(raw, Mapping)
    )
    variables = _mapping(plan.get("variables"))
    return Subject(
        networks=_networks(document.get("networks")),
        guests=guests,
        firewall=reading.rules(document.get("firewall")),
        firewall_policy=reading.text(document.get("firewall_policy", UNKNOWN)),
        changes=changes,
        is_partial=is_partial,
        tls_insecure=reading.flag(_mapping(variables.get("tls_insecure")).get("value")),
        provider=_provider(plan),
    )


def subject_from_topology(topology: Topology) -> Subject:
    """What a topology declares, without what a plan would add."""
    return replace(subject_from_plan({}, topology), changes=None)


def subject_from_tree(tree: Declared, variables: Mapping[str, str] = _NOTHING) -> Subject:
    """What a tree declares, as far as it could be read; `variables` are the root module's."""
    values = {
        **{name: body.get("default") for name, body in tree.variables.items()},
        **variables,
    }
    containers = {name: _with_unknowns(raw) for name, raw in tree.containers.items()}
    networks = {name: _with_unknowns(raw) for name, raw in tree.networks.items()}
    for raw in containers.values():
        _resolve(raw, networks)
    provider = _file_values(tree, "providers.tf").get("provider")
    module = tree.directory.joinpath(*_FIREWALL_MODULE, "variables.tf")
    firewall = _mapping(tree.files[module].values.get("variable")) if module in tree.files else {}
    default = _mapping(firewall.get("inbound_policy")).get("default", UNKNOWN)
    return Subject(
        networks=_networks(networks),
        guests=[reading.guest(name, raw, values) for name, raw in containers.items()],
        firewall=reading.rules(list(_firewall(containers))),
        firewall_policy=reading.text(default),
        tls_insecure=reading.flag(values.get("tls_insecure")),
        provider=_mapping(_mapping(provider).get("proxmox")),
    )


def _document(plan: Mapping[str, Any], topology: Topology | None) -> Mapping[str, Any]:
    """The topology's JSON form, with `UNKNOWN` where the plan does not know a value."""
    change = _mapping(_mapping(plan.get("output_changes")).get("topology"))
    after = change.get("after")
    if isinstance(after, Mapping):
        unknown = change.get("after_unknown")
        marked = _marked(after, unknown) if unknown else after
        return _mapping(marked)
    outputs = _mapping(_mapping(plan.get("planned_values")).get("outputs"))
    value = _mapping(outputs.get("topology")).get("value")
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
        longer = max(len(value), len(unknown))
        pairs = zip(_padded(value, longer), _padded(unknown, longer), strict=True)
        return [_marked(item, part) for item, part in pairs]
    return value


def _padded(items: list[Any], length: int) -> list[Any]:
    return items + [None] * (length - len(items))


def _guest(
    resource: Mapping[str, Any], change: Mapping[str, Any], name: str, declared: Any
) -> GuestView:
    """A container from its resource; what only the topology knows comes from there."""
    after = _mapping(change.get("after"))
    unknown = change.get("after_unknown")
    unknown = _mapping(unknown)
    raw = dict(declared) if isinstance(declared, Mapping) else {}
    if declared is UNKNOWN:
        raw.update(service=UNKNOWN, category=UNKNOWN, description=UNKNOWN)
    raw["address"] = resource.get("address", "")
    for attribute in _PLAIN:
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
    if isinstance(features, list):
        raw["features"] = features[0] if features else {}
    else:
        raw["features"] = UNKNOWN
    if "startup" not in raw:
        raw["startup"] = _startup(after, unknown)
    return reading.guest(name, raw)


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


def _name_of(resource: Mapping[str, Any], change: Mapping[str, Any]) -> str:
    if resource.get("type") != CONTAINER:
        return str(resource.get("address", ""))
    for side in ("after", "before"):
        name = _mapping(change.get(side)).get("hostname")
        if isinstance(name, str):
            return name
    address = str(resource.get("address", ""))
    quoted = address.split('["')
    return quoted[-1].partition('"')[0] if len(quoted) > 1 else address


def _action(change: Mapping[str, Any]) -> Action | None:
    actions = change.get("actions")
    words = tuple(actions) if isinstance(actions, list | tuple) else ()
    found = _ACTIONS.get(words) if all(isinstance(word, str) for word in words) else None
    if found is None and change.get("importing"):
        return "adopt"
    return found


def _change(
    resource: Mapping[str, Any], change: Mapping[str, Any], name: str, action: Action
) -> ChangeView:
    paths = change.get("replace_paths")
    return ChangeView(
        address=str(resource.get("address", "")),
        type=str(resource.get("type", "")),
        name=name,
        action=action,
        before=_mapping(change.get("before")),
        after=_mapping(change.get("after")),
        unknown=_mapping(change.get("after_unknown")),
        replace_paths=tuple(
            tuple(part for part in path if isinstance(part, str | int))
            for path in (paths if isinstance(paths, list) else ())
            if isinstance(path, list)
        ),
    )


def _is_known(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(item, Mapping) for item in value.values())


def _networks(value: Any) -> list[Any]:
    return [
        reading.network(name, raw)
        for name, raw in _mapping(value).items()
        if isinstance(raw, Mapping)
    ]


def _provider(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    config = _mapping(_mapping(plan.get("configuration")).get("provider_config"))
    found: dict[str, Any] = {}
    for provider in config.values():
        if _mapping(provider).get("name") == "proxmox":
            for name, expression in _mapping(_mapping(provider).get("expressions")).items():
                literal = isinstance(expression, Mapping) and "constant_value" in expression
                found[name] = expression["constant_value"] if literal else UNKNOWN
    return found


def _firewall(containers: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for name, raw in containers.items():
        for port in _list(_mapping(raw.get("service")).get("ports")):
            for source in _list_of_any(port.get("sources")):
                yield {
                    "container": name,
                    "source": source,
                    "port": port.get("port"),
                    "protocol": port.get("protocol"),
                }


def _resolve(raw: dict[str, Any], networks: Mapping[str, Mapping[str, Any]]) -> None:
    """Fill in what modules/lxc-container works out: tags, interface names, gateways."""
    gateways = {str(net.get("bridge")): net.get("gateway") for net in networks.values()}
    tags = raw.get("tags")
    if isinstance(tags, list):
        raw["tags"] = [*tags, raw.get("category")]
    for index, nic in enumerate(_list(raw.get("networks"))):
        if isinstance(nic, dict):
            nic["name"] = nic.get("name") or f"eth{index}"
            if nic.get("gateway") is None and index == 0:
                nic["gateway"] = gateways.get(str(nic.get("bridge")))


def _with_unknowns(value: Any) -> Any:
    if isinstance(value, Expression):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _with_unknowns(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_unknowns(item) for item in value]
    return value


def _file_values(tree: Declared, name: str) -> Mapping[str, Any]:
    file = tree.files.get(tree.directory / name)
    return {} if file is None else file.values


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if type(value) is dict else _NOTHING


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in _list_of_any(value) if isinstance(item, Mapping)]


def _list_of_any(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else ()
