"""HL108: A container has at most one default route."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.nics is UNKNOWN:
            yield unclear(guest.name, "a gateway")
            continue
        routes = [nic for nic in guest.nics if nic.gateway]
        if len(routes) < 2:
            continue
        known = [nic for nic in routes if nic.gateway is not UNKNOWN]
        if len(known) > 1:
            text = f"{known[0].name} and {known[1].name} have a gateway each"
            yield entry_fails(guest, text, "networks", routes[1].position, "gateway")
        else:
            yield unclear(guest.name, "a gateway")


RULE = Rule(
    id="HL108",
    slug="one-default-route",
    summary="A container has at most one default route.",
    rationale="With two, which one wins depends on the order in which interfaces come up.",
    fix="Leave `gateway` out on all interfaces but the first.",
    check=check,
)
