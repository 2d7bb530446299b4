"""A container's entry as a person writes it: the typed variable of modules/lxc-container in Python.

The defaults stand in both places; a test compares what they make of the real tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Annotated, Any

from pydantic import Field

from homelab.model.values import (
    Container,
    Features,
    Interface,
    MountPoint,
    Name,
    Network,
    RootFs,
    Service,
    Size,
    Startup,
    Value,
    Vmid,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What the root module's variables give to an entry that does not say it itself."""

    node: str
    storage: str
    template: str


class NetworkEntry(Value):
    """A network of networks.tf."""

    bridge: str
    cidr: IPv4Network
    gateway: IPv4Address
    node_address: IPv4Interface
    vpn: bool = False

    def resolve(self, name: str) -> Network:
        """The network of that name."""
        return Network(name=name, **dict(self))


class _RootFs(Value):
    storage: str | None = None
    size: Size


class _Interface(Value):
    name: str | None = None
    bridge: str
    ip: IPv4Interface
    gateway: IPv4Address | None = None
    firewall: bool = True


class _MountPoint(Value):
    path: Annotated[str, Field(pattern=r"^/.+")]
    storage: str | None = None
    size: Size
    backup: bool = True


class _Features(Features):
    nesting: bool = True


class _Startup(Startup):
    order: Annotated[int, Field(ge=0)] = 50


class ContainerEntry(Value):
    """One entry of a category's file."""

    vmid: Vmid
    node: str | None = None
    template: str | None = None
    description: str = ""
    cores: Annotated[int, Field(ge=1)] = 1
    memory: Annotated[int, Field(ge=16)] = 512
    swap: Annotated[int, Field(ge=0)] = 512
    rootfs: _RootFs
    networks: Annotated[tuple[_Interface, ...], Field(min_length=1)]
    mount_points: tuple[_MountPoint, ...] = ()
    features: _Features = _Features()
    tags: tuple[str, ...] = ()
    startup: _Startup = _Startup()
    onboot: bool = True
    protection: bool = False
    unprivileged: bool = True
    service: Service

    def resolve(
        self, name: Name, category: str, *, gateways: Mapping[str, IPv4Address], defaults: Defaults
    ) -> Container:
        """The container that the entry declares; `gateways` are by bridge."""
        changed = {
            "name": name,
            "category": category,
            "node": self.node or defaults.node,
            "template": self.template or defaults.template,
            "rootfs": RootFs(**_stored(self.rootfs, defaults)),
            "networks": tuple(
                Interface(
                    name=interface.name or f"eth{index}",
                    bridge=interface.bridge,
                    ip=interface.ip,
                    gateway=interface.gateway
                    or (None if index else gateways.get(interface.bridge)),
                    firewall=interface.firewall,
                )
                for index, interface in enumerate(self.networks)
            ),
            "mount_points": tuple(
                MountPoint(**_stored(mount, defaults)) for mount in self.mount_points
            ),
            "features": Features(**dict(self.features)),
            "tags": tuple(sorted({category, *self.tags})),
            "startup": Startup(**dict(self.startup)),
        }
        return Container(**{**dict(self), **changed})


def _stored(volume: _RootFs | _MountPoint, defaults: Defaults) -> dict[str, Any]:
    return {**dict(volume), "storage": volume.storage or defaults.storage}
