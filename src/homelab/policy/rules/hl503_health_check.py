"""HL503: A service has a health check, on a tcp port that it publishes."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest, service in subject.services:
        where = ("service", "health")
        if service.ports is UNKNOWN:
            yield unclear(guest.name, "the health check")
        elif service.health_port is None:
            yield entry_fails(guest, "its service has no health check", *where)
        elif service.health_port is UNKNOWN:
            yield unclear(guest.name, "the health check's port")
        else:
            ports = [port.port for port in service.ports if port.protocol != "udp"]
            if service.health_port in ports:
                continue
            if UNKNOWN in ports:
                yield unclear(guest.name, "a published port")
            else:
                text = f"health port {service.health_port:g} is not a published tcp port"
                yield entry_fails(guest, text, *where, "port")


RULE = Rule(
    id="HL503",
    slug="health-check",
    summary="A service has a health check, on a tcp port that it publishes.",
    rationale="Without one, neither a deploy nor a probe can say whether the service works.",
    fix="Add health = { port = ..., path = ... } with one of the service's tcp ports.",
    check=check,
)
