"""HL511: A container has tags."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.tags is UNKNOWN:
            yield unclear(guest.name, "its tags")
        elif not guest.tags:
            yield entry_fails(guest, "it has no tags", "tags")


RULE = Rule(
    id="HL511",
    slug="tagged",
    severity=Severity.WARNING,
    summary="A container has tags.",
    rationale="Tags are how people filter in the interface of Proxmox VE.",
    fix="Give it its category as a tag, as modules/lxc-container does.",
    check=check,
)
