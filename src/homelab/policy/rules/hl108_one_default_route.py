"""HL108: A container has at most one default route."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if isinstance(guest.nics, Unknown):
            yield unclear(guest.name, "a gateway", "containers", guest.name, "networks")
            continue
        routes = [nic for nic in guest.nics if nic.gateway]
        if len(routes) < 2:
            continue
        where = ("containers", guest.name, "networks", routes[1].position, "gateway")
        known = [nic for nic in routes if not isinstance(nic.gateway, Unknown)]
        if len(known) > 1:
            yield fails(
                guest.name, f"{known[0].name} and {known[1].name} have a gateway each", *where
            )
        else:
            yield unclear(guest.name, "a gateway", *where)


RULE = Rule(
    id="HL108",
    slug="one-default-route",
    severity=Severity.ERROR,
    summary="A container has at most one default route.",
    rationale="With two, which one wins depends on the order in which interfaces come up.",
    fix="Leave `gateway` out on all interfaces but the first.",
    check=check,
)
