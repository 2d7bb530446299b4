"""HL103: An address lies in the network of its bridge, and is neither of its ends."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest, nic in subject.nics:
        if nic is UNKNOWN:
            yield unclear(guest.name, "an address")
            continue
        if nic.bridge is UNKNOWN:
            yield unclear(guest.name, "a bridge")
            continue
        network = subject.by_bridge.get(nic.bridge)
        if network is None or nic.ip in ("dhcp", "manual", ""):
            continue
        number, prefix = nic.number, nic.prefix
        first, last = network.first, network.last
        if number is UNKNOWN or prefix is UNKNOWN or first is UNKNOWN or last is UNKNOWN:
            yield unclear(guest.name, "an address or its network")
            continue
        if not first <= number <= last:
            text = f"{nic.ip} is not in {network.cidr} of {nic.bridge}"
        elif last - first != (1 << (32 - prefix)) - 1:
            text = f"{nic.ip} has another prefix length than {network.cidr} of {nic.bridge}"
        elif prefix < 31 and number in (first, last):
            text = f"{nic.ip} is an end of {network.cidr}"
        else:
            continue
        yield entry_fails(guest, text, "networks", nic.position, "ip")


RULE = Rule(
    id="HL103",
    slug="address-in-network",
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
