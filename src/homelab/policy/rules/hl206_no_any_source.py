"""HL206: No port is open to every address."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest, port in subject.ports:
        if port is UNKNOWN or port.sources is UNKNOWN:
            yield unclear(guest.name, "a port's sources")
            continue
        for place, source in enumerate(port.sources):
            if source in ("any", "*", "0.0.0.0") or source.endswith("/0"):
                number = "?" if port.port is UNKNOWN else f"{port.port:g}"
                where = ("service", "ports", port.position, "sources", place)
                yield entry_fails(guest, f"port {number} is open to {source}", *where)


RULE = Rule(
    id="HL206",
    slug="no-any-source",
    summary="No port is open to every address.",
    rationale="A rule for 0.0.0.0/0 admits what a forwarded port or a guest network brings along.",
    fix="Name networks, containers or a narrower CIDR in the port's sources.",
    check=check,
)
