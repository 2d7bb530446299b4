"""From planned state to the parameters of PVE's create, resize and config calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from homelab.provider.equality import same_size, split_tags
from homelab.provider.fields import State

Parameters = dict[str, str | int]

CONFIG_OPTIONS = (
    "arch",
    "cmode",
    "console",
    "cores",
    "cpulimit",
    "cpuunits",
    "description",
    "hookscript",
    "hostname",
    "lock",
    "memory",
    "nameserver",
    "onboot",
    "ostype",
    "protection",
    "searchdomain",
    "startup",
    "swap",
    "tags",
    "tty",
)
"""Attributes that are options of a container's configuration, under the same name."""

_CREATE_ONLY = {
    "bwlimit": "bwlimit",
    "force": "force",
    "ignore_unpack_errors": "ignore-unpack-errors",
    "ostemplate": "ostemplate",
    "password": "password",
    "pool": "pool",
    "restore": "restore",
    "ssh_public_keys": "ssh-public-keys",
    "template": "template",
    "unique": "unique",
}

_ALWAYS = frozenset(
    {
        "console",
        "cpulimit",
        "memory",
        "onboot",
        "protection",
        "start",
        "swap",
        "tty",
        "unprivileged",
    }
)
"""What is sent even when it is zero, as Telmate's provider does."""

_NETWORK_ORDER = ("name", "bridge", "firewall", "ip", "gw", "ip6", "gw6", "hwaddr", "mtu")
_NETWORK_REST = ("rate", "tag", "trunks", "type")
_VOLUME_FLAGS = ("acl", "quota", "replicate", "ro", "shared")


@dataclass(slots=True, kw_only=True)
class Changes:
    """What an update asks PVE for, in the order in which it must be asked."""

    resize: dict[str, str] = field(default_factory=dict)
    """New size by volume key, such as rootfs or mp0."""
    move: dict[str, str] = field(default_factory=dict)
    """New storage by volume key."""
    values: Parameters = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)

    def config(self) -> Parameters:
        """The body of the config call; empty when there is nothing to change."""
        body = dict(self.values)
        if self.delete:
            body["delete"] = ",".join(self.delete)
        return body


def create_parameters(planned: State) -> Parameters:
    """The body of POST /nodes/NODE/lxc."""
    body: Parameters = {"storage": "local"}
    for attribute in (*CONFIG_OPTIONS, "start", "unprivileged", "vmid"):
        _put(body, attribute, attribute, planned.get(attribute))
    for attribute, option in _CREATE_ONLY.items():
        _put(body, option, attribute, planned.get(attribute))
    features = _features(planned)
    if features:
        body["features"] = features
    for root in planned.get("rootfs") or []:
        body["rootfs"] = _volume(root)
    for mount_point in planned.get("mountpoint") or []:
        body[f"mp{mount_point['slot']}"] = _mount_point(mount_point)
    for index, network in enumerate(planned.get("network") or []):
        body[f"net{index}"] = _network(network)
    return body


def update_changes(prior: State, planned: State) -> Changes:
    """What differs between two states, for an existing container."""
    changes = Changes()
    for attribute in CONFIG_OPTIONS:
        value = planned.get(attribute)
        if value == prior.get(attribute):
            continue
        if _is_unset(attribute, value):
            changes.delete.append(attribute)
        else:
            _put(changes.values, attribute, attribute, value)
    _put_features(changes, prior, planned)
    _put_root_fs(changes, prior, planned)
    _put_mount_points(changes, prior, planned)
    _put_networks(changes, prior, planned)
    return changes


def _put(body: Parameters, option: str, attribute: str, value: Any) -> None:
    if attribute == "tags":
        value = ";".join(split_tags(value))
    if attribute == "ssh_public_keys" and value:
        value = value.strip()
    if _is_unset(attribute, value):
        return
    body[option] = int(value) if isinstance(value, bool | float) else value


def _is_unset(attribute: str, value: Any) -> bool:
    return value is None or (not value and attribute not in _ALWAYS)


def _features(state: State) -> str:
    parts: list[str] = []
    for features in (state.get("features") or [])[:1]:
        parts += [f"{name}=1" for name in ("fuse", "keyctl", "mknod") if features.get(name)]
        if features.get("mount"):
            parts.append(f"mount={features['mount']}")
        if features.get("nesting"):
            parts.append("nesting=1")
    return ",".join(parts)


def _put_features(changes: Changes, prior: State, planned: State) -> None:
    before, after = _features(prior), _features(planned)
    if after and after != before:
        changes.values["features"] = after
    elif before and not after:
        changes.delete.append("features")


def _put_root_fs(changes: Changes, prior: State, planned: State) -> None:
    for before, after in zip(prior.get("rootfs") or [], planned.get("rootfs") or [], strict=False):
        if not same_size(before.get("size"), after.get("size")):
            changes.resize["rootfs"] = after["size"]
        if _flags(before) != _flags(after):
            changes.values["rootfs"] = _existing(after, before)


def _put_mount_points(changes: Changes, prior: State, planned: State) -> None:
    old = _by_slot(prior)
    new = _by_slot(planned)
    changes.delete += [f"mp{slot}" for slot in sorted(old.keys() - new.keys())]
    for slot, after in new.items():
        key, before = f"mp{slot}", old.get(slot)
        if before is None or not before.get("volume"):
            changes.values[key] = _mount_point(after)
            continue
        if not same_size(before.get("size"), after.get("size")):
            changes.resize[key] = after["size"]
        if after.get("storage") and before.get("storage") not in {None, after["storage"]}:
            changes.move[key] = after["storage"]
        if _flags(before, "backup", "mp") != _flags(after, "backup", "mp"):
            backup = int(bool(after.get("backup")))
            parts = (_existing(after, before), f"backup={backup}", f"mp={after['mp']}")
            changes.values[key] = ",".join(parts)


def _put_networks(changes: Changes, prior: State, planned: State) -> None:
    old, new = prior.get("network") or [], planned.get("network") or []
    changes.delete += [f"net{index}" for index in range(len(new), len(old))]
    for index, network in enumerate(new):
        text = _network(network)
        if index >= len(old) or text != _network(old[index]):
            changes.values[f"net{index}"] = text


def _by_slot(state: State) -> dict[int, Mapping[str, Any]]:
    return {int(element["slot"]): element for element in state.get("mountpoint") or []}


def _flags(volume: Mapping[str, Any], *more: str) -> tuple[Any, ...]:
    return tuple(volume.get(name) or False for name in (*_VOLUME_FLAGS, *more))


def _flag_parts(volume: Mapping[str, Any]) -> Iterable[str]:
    return (f"{name}=1" for name in _VOLUME_FLAGS if volume.get(name))


def _volume(volume: Mapping[str, Any]) -> str:
    """A new volume, `STORAGE:GIB`, or the one that is named."""
    source = volume.get("volume") or f"{volume['storage']}:{gibibytes(volume.get('size') or '')}"
    return ",".join((source, *_flag_parts(volume)))


def _existing(volume: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    return ",".join((before["volume"], f"size={volume['size']}", *_flag_parts(volume)))


def _mount_point(volume: Mapping[str, Any]) -> str:
    backup = int(bool(volume.get("backup")))
    return ",".join((_volume(volume), f"backup={backup}", f"mp={volume['mp']}"))


def _network(network: Mapping[str, Any]) -> str:
    parts = []
    for name in (*_NETWORK_ORDER, *_NETWORK_REST):
        value = network.get(name)
        if value:
            parts.append(f"{name}={int(value) if isinstance(value, bool | float) else value}")
    return ",".join(parts)


def gibibytes(size: str) -> str:
    """A size such as 512M as the number of GiB that allocates it.

    Raises:
        ValueError: not a size.
    """
    factors = {"K": 1 / (1 << 20), "M": 1 / (1 << 10), "G": 1, "T": 1 << 10}
    number, unit = size[:-1], size[-1:]
    if unit not in factors or not number.isdecimal():
        raise ValueError(f"{size!r} is not a size; it must end in T, G, M or K")
    return f"{int(number) * factors[unit]:g}"
