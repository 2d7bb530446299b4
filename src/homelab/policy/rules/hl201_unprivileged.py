"""HL201: A container is unprivileged."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if guest.unprivileged is True:
            continue
        where = ("containers", guest.name, "unprivileged")
        if isinstance(guest.unprivileged, Unknown):
            yield unclear(guest.name, "whether it is unprivileged", *where)
        else:
            yield fails(guest.name, "it is privileged", *where)


RULE = Rule(
    id="HL201",
    slug="unprivileged",
    severity=Severity.ERROR,
    summary="A container is unprivileged.",
    rationale=(
        "Root in a privileged container is root on the node as soon as it gets out; an "
        "existing container can't be changed in place."
    ),
    fix="Set unprivileged = true (the default) in the entry.",
    check=check,
)
