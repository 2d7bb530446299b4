"""HL110: A gateway lies in its network, and is the node's or a container's address."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.reading import address
from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import NetworkView, Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    if subject.is_partial:
        yield unclear("networks", "a network")
    nodes = {address(network.node_address)[0] for network in subject.networks}
    for network in subject.networks:
        yield from _network(network, subject, nodes)
    # Most containers have their network's own gateway.
    inside: set[tuple[str, str]] = set()
    for guest in subject.guests:
        if isinstance(guest.nics, Unknown):
            yield unclear(guest.name, "a gateway", "containers", guest.name, "networks")
            continue
        for nic in guest.nics:
            if not nic.gateway or (nic.bridge, nic.gateway) in inside:
                continue
            where = ("containers", guest.name, "networks", nic.position, "gateway")
            if isinstance(nic.gateway, Unknown) or isinstance(nic.bridge, Unknown):
                yield unclear(guest.name, "a gateway or its network", *where)
                continue
            own = subject.by_bridge.get(nic.bridge)
            if own is None:
                continue
            is_inside = _is_inside(nic.gateway, own)
            if is_inside is None:
                yield unclear(guest.name, "a gateway or its network", *where)
            elif is_inside:
                inside.add((nic.bridge, nic.gateway))
            else:
                text = f"gateway {nic.gateway} is outside {own.cidr} of {nic.bridge}"
                yield fails(guest.name, text, *where)


def _network(
    network: NetworkView, subject: Subject, nodes: set[int | Unknown]
) -> Iterator[Observation]:
    where = ("networks", network.name)
    node, prefix = address(network.node_address)
    is_inside = _is_inside(network.node_address, network)
    if is_inside is None or isinstance(prefix, Unknown):
        yield unclear(network.name, "the node's address", *where, "node_address")
    elif not is_inside or _length(network) != prefix:
        text = f"the node's {network.node_address} is not an address in {network.cidr}"
        yield fails(network.name, text, *where, "node_address")
    is_inside = _is_inside(network.gateway, network)
    gateway, _ = address(network.gateway)
    if is_inside is None:
        yield unclear(network.name, "the gateway", *where, "gateway")
    elif not is_inside:
        text = f"gateway {network.gateway} is outside {network.cidr}"
        yield fails(network.name, text, *where, "gateway")
    elif gateway not in nodes and not _is_a_container_s(gateway, subject):
        if subject.is_partial or isinstance(node, Unknown) or _has_doubt(subject):
            yield unclear(network.name, "whose address the gateway is", *where, "gateway")
        else:
            text = f"gateway {network.gateway} is neither the node's address nor a container's"
            yield fails(network.name, text, *where, "gateway")


def _is_inside(value: str | Unknown, network: NetworkView) -> bool | None:
    """Whether an address lies in a network's range; None where either is not known."""
    number, _ = address(value)
    first, last = network.first, network.last
    if isinstance(number, Unknown) or isinstance(first, Unknown) or isinstance(last, Unknown):
        return None
    return first <= number <= last


def _length(network: NetworkView) -> int | Unknown:
    return address(network.cidr)[1]


def _is_a_container_s(number: int | Unknown, subject: Subject) -> bool:
    return any(
        nic.number == number
        for guest in subject.guests
        if not isinstance(guest.nics, Unknown)
        for nic in guest.nics
    )


def _has_doubt(subject: Subject) -> bool:
    """Whether a container's address is not known."""
    return any(
        isinstance(guest.nics, Unknown)
        or any(isinstance(nic.number, Unknown) for nic in guest.nics)
        for guest in subject.guests
    )


RULE = Rule(
    id="HL110",
    slug="gateway-in-network",
    severity=Severity.ERROR,
    summary="A gateway lies in its network, and is the node's or a container's address.",
    rationale="Packets for a gateway that nobody has, or that is on another network, lead nowhere.",
    fix="Correct gateway or node_address in terraform/containers/networks.tf, or leave the entry's out.",
    check=check,
)
