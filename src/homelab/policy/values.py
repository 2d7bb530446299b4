"""What rules look at: networks and containers as small values, parts of which are unknown.

They come from outside (a plan's JSON, HCL), and a plan may not know a value before it is applied.
Whatever is not known, or is not what it should be, is `UNKNOWN`, so that a rule can't stumble.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, NamedTuple


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "known after apply"


UNKNOWN: Final = Unknown.UNKNOWN

Text = str | Unknown
Number = float | Unknown
Flag = bool | Unknown
Where = tuple[str | int, ...]
"""A place in a tree, such as `("containers", "plex", "memory")`."""


class NetworkView(NamedTuple):
    """A network; `first` and `last` are the ends of its range as numbers."""

    name: str
    bridge: Text
    cidr: Text
    first: int | Unknown
    last: int | Unknown
    gateway: Text
    node_address: Text
    vpn: Flag


class NicView(NamedTuple):
    """An interface; `number` is its address as a number."""

    position: int
    name: Text
    bridge: Text
    ip: Text
    number: int | Unknown
    prefix: int | Unknown
    gateway: str | Unknown | None
    firewall: Flag
    hwaddr: str | Unknown | None


class VolumeView(NamedTuple):
    """A root file system (`path` is /) or a mount point; `size` in bytes, and as it is written."""

    position: int
    path: Text
    storage: Text
    size: int | Unknown
    backup: Flag
    written: Text


class PortView(NamedTuple):
    """A published port and who may reach it."""

    position: int
    port: Number
    protocol: Text
    sources: tuple[str, ...] | Unknown


class ServiceView(NamedTuple):
    """A container's service; `health_port` is None without a health check."""

    image: Text
    ports: tuple[PortView, ...] | Unknown
    health_port: float | Unknown | None
    slo: float | Unknown | None
    depends_on: tuple[str, ...] | Unknown
    environment: Mapping[str, Any] | Unknown
    secrets: tuple[str, ...] | Unknown


UNKNOWN_SERVICE = ServiceView(*(UNKNOWN,) * 7)


class GuestView(NamedTuple):
    """A container as it will be; `service` is None where none is declared."""

    name: str
    address: str
    """Of its Terraform resource; empty when only the tree was read."""
    category: Text
    vmid: Number
    node: Text
    template: Text
    description: Text
    cores: Number
    memory: Number
    """MiB."""
    swap: Number
    rootfs: VolumeView | Unknown
    nics: tuple[NicView, ...] | Unknown
    mounts: tuple[VolumeView, ...] | Unknown
    features: Mapping[str, Any] | Unknown
    tags: tuple[str, ...] | Unknown
    order: Number
    onboot: Flag
    start: Flag
    protection: Flag
    unprivileged: Flag
    password: Flag
    """Whether Terraform sets the root password."""
    pool: str | Unknown | None
    service: ServiceView | Unknown | None

    @property
    def is_stateful(self) -> bool | Unknown:
        """Whether it holds data that can't be fetched again: a backed-up volume, or the tag `data`."""
        if self.tags is not UNKNOWN and "data" in self.tags:
            return True
        if self.mounts is UNKNOWN:
            return UNKNOWN
        flags = [mount.backup for mount in self.mounts]
        if True in flags:
            return True
        return UNKNOWN if UNKNOWN in flags or self.tags is UNKNOWN else False


class RuleView(NamedTuple):
    """An inbound firewall rule."""

    container: Text
    source: Text
    port: Number
    protocol: Text
