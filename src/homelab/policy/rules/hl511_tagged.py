"""HL511: A container has tags."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        where = ("containers", guest.name, "tags")
        if isinstance(guest.tags, Unknown):
            yield unclear(guest.name, "its tags", *where)
        elif not guest.tags:
            yield fails(guest.name, "it has no tags", *where)


RULE = Rule(
    id="HL511",
    slug="tagged",
    severity=Severity.WARNING,
    summary="A container has tags.",
    rationale="Tags are how people filter in the interface of Proxmox VE.",
    fix="Give it its category as a tag, as modules/lxc-container does.",
    check=check,
)
