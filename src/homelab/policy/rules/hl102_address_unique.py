"""HL102: An address belongs to one interface, and none to the node as well."""

from collections.abc import Iterator

from homelab.policy.reading import address
from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN

_ELSEWHERE = ("dhcp", "manual", "")
"""What an interface may say in place of an address."""


def check(subject: Subject) -> Iterator[Observation]:
    first: dict[int, str] = {}
    for network in subject.networks:
        host, _ = address(network.node_address)
        if host is not UNKNOWN:
            first[host] = f"the node on {network.name}"
    for guest, nic in subject.nics:
        if nic is UNKNOWN:
            yield unclear(guest.name, "an address")
        elif nic.number is UNKNOWN:
            if nic.ip not in _ELSEWHERE:
                yield unclear(guest.name, "an address")
        else:
            me = f"{guest.name}:{nic.position}"
            owner = first.setdefault(nic.number, me)
            if owner != me:
                text = f"address {nic.ip} is also that of {owner.partition(':')[0]}"
                yield entry_fails(guest, text, "networks", nic.position, "ip")


RULE = Rule(
    id="HL102",
    slug="address-unique",
    summary="An address belongs to one interface, and none to the node as well.",
    rationale=(
        "Two hosts with one address answer by turns; the fault shows up as connections that "
        "break at random."
    ),
    fix="Give the interface a free address in its network: `ip` in the entry's networks.",
    check=check,
)
