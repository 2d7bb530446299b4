"""HL209: No port is published on which whoever comes may take control."""

from collections.abc import Iterator, Mapping

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN

PORTS: Mapping[float, str] = {
    23: "telnet",
    512: "rexec",
    513: "rlogin",
    514: "rsh",
    2375: "Docker's API without TLS",
}
"""Ports on which there is control without encryption."""


def check(subject: Subject) -> Iterator[Observation]:
    for guest, port in subject.ports:
        if port is UNKNOWN or port.port is UNKNOWN:
            yield unclear(guest.name, "a port")
        elif port.port in PORTS:
            text = f"port {port.port:g} is {PORTS[port.port]}"
            yield entry_fails(guest, text, "service", "ports", port.position, "port")


RULE = Rule(
    id="HL209",
    slug="no-plaintext-remote-control",
    summary="No port is published on which whoever comes may take control.",
    rationale=(
        "telnet, rlogin and Docker's own API without TLS give a shell to whoever reaches them."
    ),
    fix="Don't publish the port; use ssh, or the API behind TLS.",
    check=check,
)
