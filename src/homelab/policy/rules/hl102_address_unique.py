"""HL102: An address belongs to one interface, and none to the node as well."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.reading import address
from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown

_ELSEWHERE = ("dhcp", "manual", "")
"""What an interface may say in place of an address."""


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    first: dict[int, str] = {}
    for network in subject.networks:
        host, _ = address(network.node_address)
        if not isinstance(host, Unknown):
            first[host] = f"the node on {network.name}"
    for guest in subject.guests:
        if isinstance(guest.nics, Unknown):
            yield unclear(guest.name, "an address", "containers", guest.name, "networks")
            continue
        for nic in guest.nics:
            where = ("containers", guest.name, "networks", nic.position, "ip")
            if isinstance(nic.number, Unknown):
                if nic.ip not in _ELSEWHERE:
                    yield unclear(guest.name, "an address", *where)
                continue
            me = f"{guest.name}:{nic.position}"
            owner = first.setdefault(nic.number, me)
            if owner != me:
                holder = owner.partition(":")[0]
                yield fails(guest.name, f"address {nic.ip} is also that of {holder}", *where)


RULE = Rule(
    id="HL102",
    slug="address-unique",
    severity=Severity.ERROR,
    summary="An address belongs to one interface, and none to the node as well.",
    rationale=(
        "Two hosts with one address answer by turns; the fault shows up as connections that "
        "break at random."
    ),
    fix="Give the interface a free address in its network: `ip` in the entry's networks.",
    check=check,
)
