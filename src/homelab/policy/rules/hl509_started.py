"""HL509: A container runs after the apply."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if guest.start is True:
            continue
        where = (
            "block",
            "modules/lxc-container/main.tf",
            "resource",
            "proxmox_lxc",
            "this",
            "start",
        )
        if isinstance(guest.start, Unknown):
            yield unclear(guest.name, "whether it is started", *where)
        else:
            yield fails(guest.name, "it is not started", *where)


RULE = Rule(
    id="HL509",
    slug="started",
    severity=Severity.WARNING,
    summary="A container runs after the apply.",
    rationale="One that stands still answers no health check, and its dependents fail.",
    fix="Leave start = true in modules/lxc-container.",
    check=check,
)
