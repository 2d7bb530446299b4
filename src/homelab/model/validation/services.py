"""A service's image, ports, health endpoint, variables and who may reach it."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from homelab.model.firewall import SSH_PORT
from homelab.model.problems import Problem, Where
from homelab.model.validation.unique import Use, repeated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homelab.model.topology import Topology

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def images(topology: Topology, _known: frozenset[str]) -> Iterator[Problem]:
    """An image is pinned to a version."""
    for index, container in enumerate(topology):
        if container.service.image.endswith(":latest"):
            yield Problem(
                path=("containers", index, "service", "image"),
                message=f"{container.name}: image {container.service.image} is not pinned to a"
                " version",
            )


def ports(topology: Topology, _known: frozenset[str]) -> Iterator[Problem]:
    """A port is published once, and none is the container's own sshd's."""
    for index, container in enumerate(topology):
        where: Where = ("containers", index, "service", "ports")
        yield from repeated(
            Use(
                path=(*where, number, "port"),
                value=(port.port, port.protocol),
                owner=container.name,
                label=f"port {port.port}/{port.protocol}",
            )
            for number, port in enumerate(container.service.ports)
        )
        for number, port in enumerate(container.service.ports):
            if (port.port, port.protocol) == (SSH_PORT, "tcp"):
                yield Problem(
                    path=(*where, number, "port"),
                    message=f"{container.name}: port 22/tcp is taken by the container's own sshd",
                )


def health(topology: Topology, _known: frozenset[str]) -> Iterator[Problem]:
    """The health endpoint is on a tcp port that the service publishes."""
    for index, container in enumerate(topology):
        service = container.service
        if service.health.port not in {p.port for p in service.ports if p.protocol == "tcp"}:
            yield Problem(
                path=("containers", index, "service", "health", "port"),
                message=f"{container.name}: health port {service.health.port} is not a tcp port"
                " that the service publishes",
            )


def variables(topology: Topology, _known: frozenset[str]) -> Iterator[Problem]:
    """A variable has one source: a plain value, or the vault."""
    for index, container in enumerate(topology):
        service = container.service
        where: Where = ("containers", index, "service")
        for field, names in (("environment", service.environment), ("secrets", service.secrets)):
            for name in names:
                if not _VARIABLE.fullmatch(name):
                    yield Problem(
                        path=(*where, field),
                        message=f"{container.name}: {name!r} in {field} is not a variable's name",
                    )
        yield from repeated(
            Use(
                path=(*where, "secrets", number),
                value=name,
                owner=container.name,
                label=f"secret {name}",
            )
            for number, name in enumerate(service.secrets)
        )
        for name in dict.fromkeys(service.secrets):
            if name in service.environment:
                yield Problem(
                    path=(*where, "environment", name),
                    message=f"{container.name}: {name} is a secret, and has a value in environment",
                )


def sources(topology: Topology, known: frozenset[str]) -> Iterator[Problem]:
    """Who may reach a port is a network, a container or an IPv4 CIDR."""
    names = known.union(network.name for network in topology.networks)
    for index, container in enumerate(topology):
        for number, port in enumerate(container.service.ports):
            where: Where = ("containers", index, "service", "ports", number, "sources")
            label = f"source {{}} of port {port.port}"
            yield from repeated(
                Use(
                    path=(*where, place),
                    value=source,
                    owner=container.name,
                    label=label.format(source),
                )
                for place, source in enumerate(port.sources)
            )
            for place, source in enumerate(port.sources):
                if source not in names and not _is_cidr(source):
                    yield Problem(
                        path=(*where, place),
                        message=f"{container.name}: {label.format(repr(source))} is no network, no"
                        " container and no IPv4 CIDR",
                    )


def _is_cidr(text: str) -> bool:
    try:
        IPv4Network(text)
    except ValueError:
        return False
    return "/" in text
