"""HL208: A port's source is a network, a container or an IPv4 CIDR, and is there once."""

from collections.abc import Iterator

from homelab.policy.reading import address
from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    known = {network.name for network in subject.networks} | set(subject.by_name)
    for guest, port in subject.ports:
        if port is UNKNOWN or port.sources is UNKNOWN:
            yield unclear(guest.name, "a port's sources")
            continue
        for place, source in enumerate(port.sources):
            where = ("service", "ports", port.position, "sources", place)
            if source in port.sources[:place]:
                yield entry_fails(guest, f"source {source!r} is there twice", *where)
            elif source in known or _is_cidr(source):
                continue
            elif subject.is_partial:
                yield unclear(guest.name, "the name of a network or container")
            else:
                yield entry_fails(guest, f"{source!r} is no network, container or CIDR", *where)


def _is_cidr(source: str) -> bool:
    """Whether it is a range, and not one of its addresses."""
    host, prefix = address(source)
    if "/" not in source or host is UNKNOWN or prefix is UNKNOWN:
        return False
    return not host & ((1 << (32 - prefix)) - 1)


RULE = Rule(
    id="HL208",
    slug="rule-for-known-source",
    summary="A port's source is a network, a container or an IPv4 CIDR, and is there once.",
    rationale="A rule whose source nobody knows opens nothing, or something else after a rename.",
    fix="Correct the name in the port's sources.",
    check=check,
)
