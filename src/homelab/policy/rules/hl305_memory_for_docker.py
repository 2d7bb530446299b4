"""HL305: A container that runs Docker has at least 256 MiB."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        where = ("containers", guest.name, "memory")
        if isinstance(guest.memory, Unknown) or isinstance(guest.service, Unknown):
            yield unclear(guest.name, "memory", *where)
        elif guest.service is not None and guest.memory < 256:
            yield fails(guest.name, f"memory is {guest.memory:g} MiB", *where)


RULE = Rule(
    id="HL305",
    slug="memory-for-docker",
    severity=Severity.WARNING,
    summary="A container that runs Docker has at least 256 MiB.",
    rationale="systemd, sshd and Docker take some 150 MiB before the service starts.",
    fix="Raise `memory` to 256 or more.",
    check=check,
)
