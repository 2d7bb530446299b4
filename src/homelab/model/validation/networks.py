"""Networks, the interfaces on them, and their addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homelab.model.problems import Problem, Where
from homelab.model.validation.unique import Use, repeated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address, IPv4Network

    from homelab.model.topology import Container, Network, Topology


def networks(topology: Topology, _known: frozenset[str]) -> Iterator[Problem]:
    """A network has a bridge and addresses of its own."""
    yield from repeated(
        Use(
            path=("networks", index, "bridge"),
            value=network.bridge,
            owner=network.name,
            label=f"bridge {network.bridge}",
        )
        for index, network in enumerate(topology.networks)
    )
    for index, network in enumerate(topology.networks):
        where: Where = ("networks", index)
        if network.gateway not in network.cidr:
            yield Problem(
                path=(*where, "gateway"),
                message=f"{network.name}: gateway {network.gateway} is outside {network.cidr}",
            )
        if network.node_address.network != network.cidr:
            yield Problem(
                path=(*where, "node_address"),
                message=f"{network.name}: {network.node_address} is not an address in"
                f" {network.cidr}",
            )
        for earlier, other in enumerate(topology.networks[:index]):
            if network.cidr.overlaps(other.cidr):
                yield Problem(
                    path=(*where, "cidr"),
                    message=f"{network.name}: {network.cidr} overlaps {other.cidr} of {other.name}",
                    other=("networks", earlier, "cidr"),
                )


def addresses(topology: Topology, known: frozenset[str]) -> Iterator[Problem]:
    """An address belongs to one interface, and a gateway's to somebody."""
    uses = [
        Use(
            path=("networks", index, "node_address"),
            value=network.node_address.ip,
            owner=f"the node on {network.name}",
            label=f"address {network.node_address.ip}",
        )
        for index, network in enumerate(topology.networks)
    ]
    uses.extend(
        Use(
            path=("containers", index, "networks", number, "ip"),
            value=interface.address,
            owner=container.name,
            label=f"address {interface.address}",
        )
        for index, container in enumerate(topology)
        for number, interface in enumerate(container.networks)
    )
    yield from repeated(uses)
    if known.difference(container.name for container in topology):
        return
    owned = {use.value for use in uses}
    for index, network in enumerate(topology.networks):
        if network.gateway not in owned:
            yield Problem(
                path=("networks", index, "gateway"),
                message=f"{network.name}: gateway {network.gateway} is neither the node's address"
                " nor a container's",
            )


def interfaces(topology: Topology, _known: frozenset[str]) -> Iterator[Problem]:
    """An interface sits on a declared bridge, with an address of its network."""
    by_bridge = {network.bridge: network for network in topology.networks}
    for index, container in enumerate(topology):
        where: Where = ("containers", index, "networks")
        yield from repeated(
            Use(
                path=(*where, number, "name"),
                value=interface.name,
                owner=container.name,
                label=f"interface {interface.name}",
            )
            for number, interface in enumerate(container.networks)
        )
        for number in range(len(container.networks)):
            yield from _interface(container, number, (*where, number), by_bridge)
        routes = [interface.name for interface in container.networks if interface.gateway]
        if len(routes) > 1:
            yield Problem(
                path=where,
                message=f"{container.name}: {' and '.join(routes)} have a gateway each; there is"
                " one default route",
            )


def _interface(
    container: Container, number: int, where: Where, by_bridge: dict[str, Network]
) -> Iterator[Problem]:
    interface = container.networks[number]
    network = by_bridge.get(interface.bridge)
    if network is None:
        yield Problem(
            path=(*where, "bridge"),
            message=f"{container.name}: unknown bridge {interface.bridge!r}; declared are"
            f" {', '.join(by_bridge) or 'none'}",
        )
        return
    if interface.ip.network != network.cidr:
        yield Problem(
            path=(*where, "ip"),
            message=f"{container.name}: {interface.ip} is not an address in {network.cidr}, the"
            f" network of {interface.bridge}",
        )
    elif interface.address in _ends(network.cidr):
        yield Problem(
            path=(*where, "ip"),
            message=f"{container.name}: {interface.address} is an end of {network.cidr}, which no"
            " host may have",
        )
    if interface.gateway is not None and interface.gateway not in network.cidr:
        yield Problem(
            path=(*where, "gateway"),
            message=f"{container.name}: gateway {interface.gateway} is outside {network.cidr}",
        )


def _ends(network: IPv4Network) -> tuple[IPv4Address, ...]:
    if network.prefixlen >= 31:
        return ()
    return network.network_address, network.broadcast_address
