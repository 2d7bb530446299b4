"""The values that a topology is made of, frozen and closed: networks, containers, firewall rules."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from homelab.pve.sizes import parse_size


def _is_size(text: str) -> str:
    parse_size(text)
    return text


def _is_pinned(image: str) -> str:
    if image.endswith(":latest"):
        raise ValueError("the image is not pinned to a version")
    return image


Size = Annotated[str, AfterValidator(_is_size)]
"""A size as PVE writes it, such as `8G`."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
"""A host name label (RFC 1123), lower case."""

Image = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9._/-]*:[A-Za-z0-9][A-Za-z0-9._-]*$"),
    AfterValidator(_is_pinned),
]
"""A repository and a pinned tag, without a digest; never `latest`."""

Vmid = Annotated[int, Field(ge=100, le=999_999_999)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Value(BaseModel):
    """Base of the topology's values: frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Network(Value):
    """A bridge of the node and the IPv4 network on it."""

    name: Name
    bridge: str
    cidr: IPv4Network
    gateway: IPv4Address
    """What containers use as their default route."""
    node_address: IPv4Interface
    """The node's own address on the bridge; the lab gives its node the same."""
    vpn: bool = False
    """Whether everything that leaves this network goes through the VPN gateway."""


class Interface(Value):
    """A container's network interface (PVE: netN)."""

    name: str = "eth0"
    bridge: str
    ip: IPv4Interface
    gateway: IPv4Address | None = None
    firewall: bool = True

    @property
    def address(self) -> IPv4Address:
        """The address without its prefix length."""
        return self.ip.ip


class RootFs(Value):
    """The root volume."""

    storage: str
    size: Size


class MountPoint(Value):
    """A volume of its own, mounted in the container (PVE: mpN, numbered by position)."""

    path: Annotated[str, Field(pattern=r"^/.+")]
    storage: str
    size: Size
    backup: bool = True


class Features(Value):
    """PVE's container features; anything but nesting needs root@pam's own ticket."""

    nesting: bool = False
    keyctl: bool = False
    fuse: bool = False


class Startup(Value):
    """Start order and delays in seconds (PVE: startup)."""

    order: Annotated[int, Field(ge=0)]
    up: Annotated[int, Field(ge=0)] = 0
    down: Annotated[int, Field(ge=0)] = 0


class PublishedPort(Value):
    """A port that the Compose service publishes on the container's address."""

    port: Port
    protocol: Literal["tcp", "udp"] = "tcp"
    sources: tuple[str, ...] = ("lan",)
    """Who may reach it: names of networks, names of containers, IPv4 CIDRs."""


class Health(Value):
    """The HTTP endpoint that answers `status` when the service is well."""

    port: Port
    path: Annotated[str, Field(pattern=r"^/.*")] = "/"
    scheme: Literal["http", "https"] = "http"
    status: Annotated[int, Field(ge=100, le=599)] = 200


class Service(Value):
    """The Compose stack of a container; its template is configs/docker-compose/NAME/."""

    image: Image
    ports: tuple[PublishedPort, ...]
    health: Health
    depends_on: tuple[Name, ...] = ()
    """Containers whose services must be healthy before this one starts."""
    slo: Annotated[float, Field(gt=0, le=100)]
    """Availability objective over 30 days, in percent."""
    environment: Mapping[str, str] = Field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    """Environment variables whose values come from the vault."""


class Container(Value):
    """One LXC container and the service that it is there for."""

    name: Name
    category: str
    vmid: Vmid
    node: str
    template: str
    description: str
    cores: Annotated[int, Field(ge=1)]
    memory: Annotated[int, Field(ge=16)]
    """MiB."""
    swap: Annotated[int, Field(ge=0)]
    """MiB."""
    rootfs: RootFs
    networks: Annotated[tuple[Interface, ...], Field(min_length=1)]
    mount_points: tuple[MountPoint, ...] = ()
    features: Features = Features()
    tags: tuple[str, ...] = ()
    startup: Startup
    onboot: bool = True
    protection: bool = False
    unprivileged: bool = True
    service: Service

    @property
    def address(self) -> IPv4Address:
        """Where the container is reached: the address of its first interface."""
        return self.networks[0].address

    @property
    def health_url(self) -> str:
        """The URL that answers when the service is well."""
        health = self.service.health
        return f"{health.scheme}://{self.address}:{health.port}{health.path}"


class FirewallRule(Value):
    """One inbound rule; data now, applied through the API later."""

    container: Name
    source: str
    """A network's name, a container's name, or an IPv4 CIDR."""
    port: Port
    protocol: Literal["tcp", "udp"] = "tcp"
    comment: str = ""
