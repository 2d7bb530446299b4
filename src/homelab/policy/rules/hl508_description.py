"""HL508: A container says what it is for."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.description is UNKNOWN:
            yield unclear(guest.name, "the description")
        elif not guest.description.strip():
            yield entry_fails(guest, "it has no description", "description")


RULE = Rule(
    id="HL508",
    slug="description",
    severity=Severity.WARNING,
    summary="A container says what it is for.",
    rationale="Whoever looks at the node at night has nothing else to go by.",
    fix="Write a description in the entry.",
    check=check,
)
