"""HL506: A container starts with its node."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if guest.onboot is True:
            continue
        where = ("containers", guest.name, "onboot")
        if isinstance(guest.onboot, Unknown):
            yield unclear(guest.name, "whether it starts on boot", *where)
        else:
            yield fails(guest.name, "it does not start with the node", *where)


RULE = Rule(
    id="HL506",
    slug="starts-on-boot",
    severity=Severity.ERROR,
    summary="A container starts with its node.",
    rationale="After a power cut it stays down until somebody notices.",
    fix="Set onboot = true (the default) in the entry.",
    check=check,
)
