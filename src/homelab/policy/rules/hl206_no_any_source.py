"""HL206: No port is open to every address."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import PortView, Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        service = guest.service
        if service is None:
            continue
        if isinstance(service, Unknown) or isinstance(service.ports, Unknown):
            yield unclear(guest.name, "a port's sources", "containers", guest.name, "service")
            continue
        for port in service.ports:
            where = ("containers", guest.name, "service", "ports", port.position, "sources")
            if isinstance(port.sources, Unknown):
                yield unclear(guest.name, "a port's sources", *where)
                continue
            for place, source in enumerate(port.sources):
                if source in ("any", "*", "0.0.0.0") or source.endswith("/0"):
                    yield fails(
                        guest.name, f"port {_shown(port)} is open to {source}", *where, place
                    )


def _shown(port: PortView) -> str:
    return "?" if isinstance(port.port, Unknown) else f"{port.port:g}"


RULE = Rule(
    id="HL206",
    slug="no-any-source",
    severity=Severity.ERROR,
    summary="No port is open to every address.",
    rationale="A rule for 0.0.0.0/0 admits what a forwarded port or a guest network brings along.",
    fix="Name networks, containers or a narrower CIDR in the port's sources.",
    check=check,
)
