"""HL509: A container runs after the apply."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN

_WHERE = ("modules/lxc-container/main.tf", "resource", "proxmox_lxc", "this")


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.start is UNKNOWN:
            yield unclear(guest.name, "whether it is started")
        elif not guest.start:
            yield fails(guest.name, "it is not started", "block", *_WHERE, "start")


RULE = Rule(
    id="HL509",
    slug="started",
    severity=Severity.WARNING,
    summary="A container runs after the apply.",
    rationale="One that stands still answers no health check, and its dependents fail.",
    fix="Leave start = true in modules/lxc-container.",
    check=check,
)
