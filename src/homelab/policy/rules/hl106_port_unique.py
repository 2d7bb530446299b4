"""HL106: A container publishes a port once, and never its own sshd's."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        service = guest.service
        if service is None:
            continue
        if isinstance(service, Unknown) or isinstance(service.ports, Unknown):
            yield unclear(guest.name, "a port", "containers", guest.name, "service")
            continue
        seen: set[tuple[float, str]] = set()
        for port in service.ports:
            where = ("containers", guest.name, "service", "ports", port.position, "port")
            if isinstance(port.port, Unknown) or isinstance(port.protocol, Unknown):
                yield unclear(guest.name, "a port", *where)
                continue
            key = (port.port, port.protocol)
            if key in seen:
                yield fails(
                    guest.name, f"port {port.port:g}/{port.protocol} is published twice", *where
                )
            elif port.port == 22 and port.protocol == "tcp":
                yield fails(guest.name, "port 22/tcp is the container's own sshd", *where)
            seen.add(key)


RULE = Rule(
    id="HL106",
    slug="port-unique",
    severity=Severity.ERROR,
    summary="A container publishes a port once, and never its own sshd's.",
    rationale=(
        "The second service can't bind the port, and port 22 is how the node configures the "
        "container."
    ),
    fix="Choose another port in service.ports.",
    check=check,
)
