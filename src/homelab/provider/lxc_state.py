"""From PVE's configuration of a container to its state in Terraform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homelab.provider.fields import Field, Group, Kind, State
from homelab.provider.layouts import LXC
from homelab.pve.properties import parse_property_string
from homelab.pve.telmate.attributes import CONFIG_OPTIONS

_DEFAULTS: Mapping[str, Any] = {
    "arch": "amd64",
    "cmode": "tty",
    "console": True,
    "cpulimit": 0,
    "cpuunits": 1024,
    "memory": 512,
    "onboot": False,
    "protection": False,
    "swap": 512,
    "tty": 2,
    "unprivileged": False,
}
"""What holds when PVE's configuration does not say."""

_READ = (*CONFIG_OPTIONS, "template", "unprivileged")
"""What is read besides the blocks."""

_FIELDS = {item.name: item for item in LXC.fields}
_GROUPS = {item.name: item for item in LXC.groups}


def read_state(
    prior: State,
    config: Mapping[str, Any],
    *,
    node: str,
    vmid: int,
    pool: str | None,
    imported: bool = False,
) -> State:
    """The state that a container's configuration amounts to.

    What PVE does not give back (password, template, ...) stays as in `prior`, and so does every
    spelling that means the same. Blocks that were never declared are left out, as Telmate's
    provider does, unless the container is being `imported`.
    """
    state = {**LXC.empty(), **prior}
    state |= {"id": f"{node}/lxc/{vmid}", "vmid": vmid, "current_node": node}
    state["target_node"] = prior.get("target_node") or node
    state["pool"] = _kept(_FIELDS["pool"], prior, pool)
    for name in _READ:
        value = _typed(_FIELDS[name], config.get(name, _DEFAULTS.get(name)))
        state[name] = _kept(_FIELDS[name], prior, value)
    state["unused"] = [str(config[key]) for key in sorted(config) if key.startswith("unused")]
    if imported or prior.get("features"):
        state["features"] = _features(prior, config)
    if imported or prior.get("rootfs"):
        state["rootfs"] = _root_fs(prior, config)
    if imported or prior.get("mountpoint"):
        state["mountpoint"] = _mount_points(prior, config)
    if imported or prior.get("network"):
        state["network"] = _networks(prior, config)
    return state


def _features(prior: State, config: Mapping[str, Any]) -> list[State]:
    values = parse_property_string(str(config.get("features", "")))
    if not values and not prior.get("features"):
        return []
    return [_element(_GROUPS["features"], (prior.get("features") or [{}])[0], values)]


def _root_fs(prior: State, config: Mapping[str, Any]) -> list[State]:
    text = config.get("rootfs")
    if text is None:
        return []
    before = (prior.get("rootfs") or [{}])[0]
    return [_element(_GROUPS["rootfs"], before, _volume(str(text)))]


def _mount_points(prior: State, config: Mapping[str, Any]) -> list[State]:
    before = {int(element["slot"]): element for element in prior.get("mountpoint") or []}
    there = _numbered("mp", config)
    order = [slot for slot in before if slot in there]
    order += sorted(there.keys() - before.keys())
    elements = []
    for slot in order:
        values = {**_volume(there[slot]), "slot": str(slot), "key": str(slot)}
        old = before.get(slot, {})
        if old.get("key"):
            values["key"] = old["key"]
        elements.append(_element(_GROUPS["mountpoint"], old, values))
    return elements


def _networks(prior: State, config: Mapping[str, Any]) -> list[State]:
    before = prior.get("network") or []
    there = _numbered("net", config)
    elements = []
    for index in sorted(there):
        values = {**parse_property_string(there[index]), "id": str(index)}
        old = before[index] if index < len(before) else {}
        elements.append(_element(_GROUPS["network"], old, values))
    return elements


def _volume(text: str) -> dict[str, str]:
    values = parse_property_string(text, default_key="volume")
    storage, colon, file = values.get("volume", "").partition(":")
    if colon:
        values |= {"storage": storage, "file": file}
    return values


def _numbered(prefix: str, config: Mapping[str, Any]) -> dict[int, str]:
    return {
        int(key.removeprefix(prefix)): str(value)
        for key, value in config.items()
        if key.startswith(prefix) and key.removeprefix(prefix).isdecimal()
    }


def _element(group: Group, before: Mapping[str, Any], values: Mapping[str, str]) -> State:
    return {
        item.name: _kept(item, before, _typed(item, values.get(item.name, item.default)))
        for item in group.fields
    }


def _typed(item: Field, value: Any) -> Any:
    """PVE's value as the attribute's type; PVE writes booleans as 1 and 0, some numbers as text."""
    if value is None:
        return None
    if item.kind is Kind.BOOL:
        return str(value) in {"1", "True"}
    if item.kind is Kind.NUMBER:
        number = float(value)
        return int(number) if number.is_integer() else number
    return str(value)


def _kept(item: Field, before: Mapping[str, Any], value: Any) -> Any:
    """The prior spelling where it means the same, else the new value."""
    old = before.get(item.name)
    return old if item.name in before and item.same(old, value) else value
