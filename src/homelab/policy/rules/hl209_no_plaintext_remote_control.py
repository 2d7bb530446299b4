"""HL209: No port is published on which whoever comes may take control."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown

PORTS: Mapping[float, str] = {
    23: "telnet",
    512: "rexec",
    513: "rlogin",
    514: "rsh",
    2375: "Docker's API without TLS",
}
"""Ports on which there is control without encryption."""


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        service = guest.service
        if service is None:
            continue
        if isinstance(service, Unknown) or isinstance(service.ports, Unknown):
            yield unclear(guest.name, "a port", "containers", guest.name, "service")
            continue
        for port in service.ports:
            where = ("containers", guest.name, "service", "ports", port.position, "port")
            if isinstance(port.port, Unknown):
                yield unclear(guest.name, "a port", *where)
                continue
            name = PORTS.get(port.port)
            if name is not None:
                yield fails(guest.name, f"port {port.port:g} is {name}", *where)


RULE = Rule(
    id="HL209",
    slug="no-plaintext-remote-control",
    severity=Severity.ERROR,
    summary="No port is published on which whoever comes may take control.",
    rationale=(
        "telnet, rlogin and Docker's own API without TLS give a shell to whoever reaches them."
    ),
    fix="Don't publish the port; use ssh, or the API behind TLS.",
    check=check,
)
