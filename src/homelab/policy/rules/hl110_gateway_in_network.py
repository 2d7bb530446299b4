"""HL110: A gateway lies in its network, and is the node's or a container's address."""

from collections.abc import Iterator

from homelab.policy.reading import address
from homelab.policy.rule import Observation, Rule, entry_fails, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN, NetworkView, Unknown


def check(subject: Subject) -> Iterator[Observation]:
    if subject.is_partial:
        yield unclear("networks", "a network")
    nodes = {address(network.node_address)[0] for network in subject.networks}
    for network in subject.networks:
        yield from _network(network, subject, nodes)
    # Most containers have their network's own gateway.
    inside: set[tuple[str, str]] = set()
    for guest, nic in subject.nics:
        if nic is UNKNOWN:
            yield unclear(guest.name, "a gateway")
            continue
        if not nic.gateway or (nic.bridge, nic.gateway) in inside:
            continue
        if nic.gateway is UNKNOWN or nic.bridge is UNKNOWN:
            yield unclear(guest.name, "a gateway or its network")
            continue
        own = subject.by_bridge.get(nic.bridge)
        if own is None:
            continue
        is_inside = _is_inside(nic.gateway, own)
        if is_inside is None:
            yield unclear(guest.name, "a gateway or its network")
        elif is_inside:
            inside.add((nic.bridge, nic.gateway))
        else:
            text = f"gateway {nic.gateway} is outside {own.cidr} of {nic.bridge}"
            yield entry_fails(guest, text, "networks", nic.position, "gateway")


def _network(
    network: NetworkView, subject: Subject, nodes: set[int | Unknown]
) -> Iterator[Observation]:
    where = ("networks", network.name)
    node, prefix = address(network.node_address)
    is_inside = _is_inside(network.node_address, network)
    if is_inside is None or prefix is UNKNOWN:
        yield unclear(network.name, "the node's address")
    elif not is_inside or address(network.cidr)[1] != prefix:
        text = f"the node's {network.node_address} is not an address in {network.cidr}"
        yield fails(network.name, text, *where, "node_address")
    is_inside = _is_inside(network.gateway, network)
    gateway, _ = address(network.gateway)
    if is_inside is None:
        yield unclear(network.name, "the gateway")
    elif not is_inside:
        text = f"gateway {network.gateway} is outside {network.cidr}"
        yield fails(network.name, text, *where, "gateway")
    elif gateway not in nodes:
        held = {nic if nic is UNKNOWN else nic.number for _, nic in subject.nics}
        if gateway in held:
            return
        if subject.is_partial or node is UNKNOWN or UNKNOWN in held:
            yield unclear(network.name, "whose address the gateway is")
        else:
            text = f"gateway {network.gateway} is neither the node's address nor a container's"
            yield fails(network.name, text, *where, "gateway")


def _is_inside(value: str | Unknown, network: NetworkView) -> bool | None:
    """Whether an address lies in a network's range; None where either is not known."""
    number, _ = address(value)
    first, last = network.first, network.last
    if number is UNKNOWN or first is UNKNOWN or last is UNKNOWN:
        return None
    return first <= number <= last


RULE = Rule(
    id="HL110",
    slug="gateway-in-network",
    summary="A gateway lies in its network, and is the node's or a container's address.",
    rationale="Packets for a gateway that nobody has, or that is on another network, lead nowhere.",
    fix="Correct gateway or node_address in terraform/containers/networks.tf, or leave the entry's out.",
    check=check,
)
