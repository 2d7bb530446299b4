"""From plain values (JSON, HCL) to what rules look at; nothing here trusts a type.

Objects are dicts: asking for the abstract Mapping takes longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from socket import inet_aton
from typing import Any

from homelab.policy.values import (
    UNKNOWN,
    GuestView,
    NetworkView,
    NicView,
    PortView,
    RuleView,
    ServiceView,
    Unknown,
    VolumeView,
)
from homelab.pve.sizes import parse_size

_NOTHING: Mapping[str, Any] = {}
_ALL = (1 << 32) - 1


def text(value: Any) -> str | Unknown:
    """A string; nothing stands for an empty one."""
    if isinstance(value, str):
        return value
    return "" if value is None else UNKNOWN


def number(value: Any) -> float | Unknown:
    """A number that is no boolean."""
    return value if type(value) in (int, float) and value == value else UNKNOWN  # noqa: PLR0124


def flag(value: Any, *, default: bool = False) -> bool | Unknown:
    """A boolean; nothing stands for `default`."""
    if isinstance(value, bool):
        return value
    return default if value is None else UNKNOWN


def words(value: Any) -> tuple[str, ...] | Unknown:
    """A list of strings; nothing stands for none."""
    if value is None:
        return ()
    if type(value) in (list, tuple) and all(type(item) is str for item in value):
        return tuple(value)
    return UNKNOWN


def items(value: Any) -> Sequence[Mapping[str, Any]] | Unknown:
    """A list of objects; nothing stands for none."""
    if value is None:
        return ()
    if type(value) in (list, tuple) and all(type(item) is dict for item in value):
        found: Sequence[Mapping[str, Any]] = value
        return found
    return UNKNOWN


def size(value: Any) -> int | Unknown:
    """A size in bytes."""
    return _size(value) if type(value) is str else UNKNOWN


@lru_cache(maxsize=4096)
def _size(text: str) -> int | Unknown:
    try:
        return parse_size(text)
    except ValueError:
        return UNKNOWN


def address(value: Any) -> tuple[int | Unknown, int | Unknown]:
    """An IPv4 address with its prefix length as two numbers; the prefix is 32 where none is."""
    if not isinstance(value, str):
        return UNKNOWN, UNKNOWN
    host, slash, prefix = value.partition("/")
    if host.count(".") != 3 or (slash and not (prefix.isascii() and prefix.isdecimal())):
        return UNKNOWN, UNKNOWN
    try:
        length = int(prefix) if slash else 32
        return int.from_bytes(inet_aton(host), "big"), length if length <= 32 else UNKNOWN
    except (OSError, ValueError):
        return UNKNOWN, UNKNOWN


def network(name: str, raw: Mapping[str, Any]) -> NetworkView:
    """A network of the topology."""
    base, prefix = address(raw.get("cidr"))
    first: int | Unknown = UNKNOWN
    last: int | Unknown = UNKNOWN
    if base is not UNKNOWN and prefix is not UNKNOWN:
        mask = (_ALL << (32 - prefix)) & _ALL
        first, last = base & mask, (base & mask) | (_ALL ^ mask)
    return NetworkView(
        name=name,
        bridge=text(raw.get("bridge")),
        cidr=text(raw.get("cidr")),
        first=first,
        last=last,
        gateway=text(raw.get("gateway")),
        node_address=text(raw.get("node_address")),
        vpn=flag(raw.get("vpn")),
    )


def nics(value: Any) -> tuple[NicView, ...] | Unknown:
    """Interfaces in the topology's form."""
    found = items(value)
    if found is UNKNOWN:
        return UNKNOWN
    views = []
    for index, raw in enumerate(found):
        ip = raw.get("ip")
        host, prefix = address(ip)
        gateway = raw.get("gateway")
        hwaddr = raw.get("hwaddr")
        views.append(
            NicView(
                index,
                text(raw.get("name")),
                text(raw.get("bridge")),
                text(ip),
                host,
                prefix,
                gateway if gateway is None or isinstance(gateway, str) else UNKNOWN,
                flag(raw.get("firewall")),
                hwaddr if hwaddr is None or isinstance(hwaddr, str) else UNKNOWN,
            )
        )
    return tuple(views)


def volume(raw: Any, *, index: int = -1, default: Any = None) -> VolumeView | Unknown:
    """A root file system or a mount point in the topology's form; `default` is its storage."""
    if type(raw) is not dict:
        return UNKNOWN
    path = "/" if index < 0 else text(raw.get("path"))
    backup = True if index < 0 else flag(raw.get("backup"), default=True)
    storage, written = raw.get("storage"), raw.get("size")
    return VolumeView(
        index,
        path,
        text(default if storage is None else storage),
        size(written),
        backup,
        text(written),
    )


def volumes(value: Any, *, default: Any = None) -> tuple[VolumeView, ...] | Unknown:
    """Mount points in the topology's form."""
    found = items(value)
    if found is UNKNOWN:
        return UNKNOWN
    views = [volume(raw, index=index, default=default) for index, raw in enumerate(found)]
    return tuple(view for view in views if view is not UNKNOWN)


def ports(value: Any) -> tuple[PortView, ...] | Unknown:
    """Published ports."""
    found = items(value)
    if found is UNKNOWN:
        return UNKNOWN
    return tuple(
        PortView(
            index, number(raw.get("port")), text(raw.get("protocol")), words(raw.get("sources"))
        )
        for index, raw in enumerate(found)
    )


def service(value: Any) -> ServiceView | Unknown | None:
    """A service; None where there is none."""
    if value is None:
        return None
    if type(value) is not dict:
        return UNKNOWN
    health = value.get("health")
    slo = value.get("slo")
    environment = value.get("environment")
    health_port: float | Unknown | None = UNKNOWN
    if health is None:
        health_port = None
    elif type(health) is dict:
        health_port = number(health.get("port"))
    return ServiceView(
        image=text(value.get("image")),
        ports=ports(value.get("ports")),
        health_port=health_port,
        slo=None if slo is None else number(slo),
        depends_on=words(value.get("depends_on")),
        environment=_mapping(environment),
        secrets=words(value.get("secrets")),
    )


def guest(name: str, raw: Mapping[str, Any], defaults: Mapping[str, Any] = _NOTHING) -> GuestView:
    """A container in the topology's form, with what its resource adds to that.

    `defaults` are the root module's variables `target_node`, `storage` and `template`.
    """
    startup = raw.get("startup")
    order: Any = UNKNOWN
    if type(startup) is dict:
        order = startup.get("order")
    node, template, password = raw.get("node"), raw.get("template"), raw.get("password")
    storage = defaults.get("storage")
    pool = raw.get("pool")
    return GuestView(
        name,
        str(raw.get("address", "")),
        text(raw.get("category")),
        number(raw.get("vmid")),
        text(defaults.get("target_node") if node is None else node),
        text(defaults.get("template") if template is None else template),
        text(raw.get("description")),
        number(raw.get("cores")),
        number(raw.get("memory")),
        number(raw.get("swap")),
        volume(raw.get("rootfs"), default=storage),
        nics(raw.get("networks")),
        volumes(raw.get("mount_points"), default=storage),
        _mapping(raw.get("features")),
        words(raw.get("tags")),
        number(order),
        flag(raw.get("onboot")),
        flag(raw.get("start"), default=True),
        flag(raw.get("protection")),
        flag(raw.get("unprivileged")),
        password if password is UNKNOWN else password not in (None, ""),
        pool if pool is None or isinstance(pool, str) else UNKNOWN,
        service(raw.get("service")),
    )


def rules(value: Any) -> tuple[RuleView, ...] | Unknown:
    """Firewall rules."""
    found = items(value)
    if found is UNKNOWN:
        return UNKNOWN
    return tuple(
        RuleView(
            text(raw.get("container")),
            text(raw.get("source")),
            number(raw.get("port")),
            text(raw.get("protocol")),
        )
        for raw in found
    )


def _mapping(value: Any) -> Mapping[str, Any] | Unknown:
    if value is None:
        return _NOTHING
    return value if type(value) is dict else UNKNOWN
