"""HL103: An address lies in the network of its bridge, and is neither of its ends."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if isinstance(guest.nics, Unknown):
            yield unclear(guest.name, "an address", "containers", guest.name, "networks")
            continue
        for nic in guest.nics:
            where = ("containers", guest.name, "networks", nic.position, "ip")
            if isinstance(nic.bridge, Unknown):
                yield unclear(guest.name, "a bridge", *where)
                continue
            network = subject.by_bridge.get(nic.bridge)
            if network is None or nic.ip in ("dhcp", "manual", ""):
                continue
            number, prefix = nic.number, nic.prefix
            first, last = network.first, network.last
            if (
                isinstance(number, Unknown)
                or isinstance(prefix, Unknown)
                or isinstance(first, Unknown)
                or isinstance(last, Unknown)
            ):
                yield unclear(guest.name, "an address or its network", *where)
                continue
            if not first <= number <= last:
                text = f"{nic.ip} is not in {network.cidr} of {nic.bridge}"
                yield fails(guest.name, text, *where)
            elif last - first != (1 << (32 - prefix)) - 1:
                text = f"{nic.ip} has another prefix length than {network.cidr} of {nic.bridge}"
                yield fails(guest.name, text, *where)
            elif prefix < 31 and number in (first, last):
                yield fails(guest.name, f"{nic.ip} is an end of {network.cidr}", *where)


RULE = Rule(
    id="HL103",
    slug="address-in-network",
    severity=Severity.ERROR,
    summary="An address lies in the network of its bridge, and is neither of its ends.",
    rationale=(
        "A container with an address of another network reaches nothing and nothing reaches it."
    ),
    fix=(
        "Use an address of the bridge's network with its prefix length, as in "
        "terraform/containers/networks.tf."
    ),
    check=check,
)
