"""HL501: A container starts after those that its service depends on."""

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
        if isinstance(service, Unknown) or isinstance(service.depends_on, Unknown):
            yield unclear(guest.name, "its dependencies", "containers", guest.name, "service")
            continue
        for name in service.depends_on:
            needed = subject.by_name.get(name)
            if needed is None or needed is guest:
                continue
            where = ("containers", guest.name, "startup")
            if isinstance(needed.order, Unknown) or isinstance(guest.order, Unknown):
                yield unclear(guest.name, "the start order", *where)
            elif needed.order >= guest.order:
                yield fails(
                    guest.name,
                    f"order {guest.order:g} is not after {needed.order:g} of {name}",
                    *where,
                    "order",
                )


RULE = Rule(
    id="HL501",
    slug="starts-after-dependencies",
    severity=Severity.ERROR,
    summary="A container starts after those that its service depends on.",
    rationale=(
        "After a reboot of the node, a service that starts first fails, or comes up without "
        "what it needs."
    ),
    fix="Give it a startup.order above that of its dependencies.",
    check=check,
)
