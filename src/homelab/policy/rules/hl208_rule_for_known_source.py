"""HL208: A port's source is a network, a container or an IPv4 CIDR, and is there once."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.reading import address
from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    known = {network.name for network in subject.networks} | set(subject.by_name)
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
                if source in port.sources[:place]:
                    yield fails(guest.name, f"source {source!r} is there twice", *where, place)
                elif source in known or _is_cidr(source):
                    continue
                elif subject.is_partial:
                    yield unclear(guest.name, "the name of a network or container", *where, place)
                else:
                    yield fails(
                        guest.name, f"{source!r} is no network, container or CIDR", *where, place
                    )


def _is_cidr(source: str) -> bool:
    """Whether it is a range, and not one of its addresses."""
    host, prefix = address(source)
    if "/" not in source or isinstance(host, Unknown) or isinstance(prefix, Unknown):
        return False
    return not host & ((1 << (32 - prefix)) - 1)


RULE = Rule(
    id="HL208",
    slug="rule-for-known-source",
    severity=Severity.ERROR,
    summary="A port's source is a network, a container or an IPv4 CIDR, and is there once.",
    rationale="A rule whose source nobody knows opens nothing, or something else after a rename.",
    fix="Correct the name in the port's sources.",
    check=check,
)
