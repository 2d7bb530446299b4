"""HL508: A container says what it is for."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        where = ("containers", guest.name, "description")
        if isinstance(guest.description, Unknown):
            yield unclear(guest.name, "the description", *where)
        elif not guest.description.strip():
            yield fails(guest.name, "it has no description", *where)


RULE = Rule(
    id="HL508",
    slug="description",
    severity=Severity.WARNING,
    summary="A container says what it is for.",
    rationale="Whoever looks at the node at night has nothing else to go by.",
    fix="Write a description in the entry.",
    check=check,
)
