"""HL106: A container publishes a port once, and never its own sshd's."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest, service in subject.services:
        if service.ports is UNKNOWN:
            yield unclear(guest.name, "a port")
            continue
        seen: set[tuple[float, str]] = set()
        for port in service.ports:
            if port.port is UNKNOWN or port.protocol is UNKNOWN:
                yield unclear(guest.name, "a port")
                continue
            where = ("service", "ports", port.position, "port")
            key = (port.port, port.protocol)
            if key in seen:
                text = f"port {port.port:g}/{port.protocol} is published twice"
                yield entry_fails(guest, text, *where)
            elif port.port == 22 and port.protocol == "tcp":
                yield entry_fails(guest, "port 22/tcp is the container's own sshd", *where)
            seen.add(key)


RULE = Rule(
    id="HL106",
    slug="port-unique",
    summary="A container publishes a port once, and never its own sshd's.",
    rationale=(
        "The second service can't bind the port, and port 22 is how the node configures the "
        "container."
    ),
    fix="Choose another port in service.ports.",
    check=check,
)
