"""HL401: A container that holds data is protected."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def _where(name: str) -> tuple[str, ...]:
    """Where the entry says it."""
    return ("containers", name, "protection")


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if guest.protection is True:
            if subject.protect is False and subject.may_lose is not None and guest.is_stateful:
                said = "it holds data, and the variable protect turns its protection off"
                yield fails(guest.name, said, *_where(guest.name))
            continue
        stateful = guest.is_stateful
        where = _where(guest.name)
        if stateful is False:
            continue
        if isinstance(stateful, Unknown) or isinstance(guest.protection, Unknown):
            yield unclear(guest.name, "whether it is protected or holds data", *where)
        else:
            yield fails(guest.name, "it holds data and is not protected", *where)


RULE = Rule(
    id="HL401",
    slug="data-protected",
    severity=Severity.ERROR,
    summary="A container that holds data is protected.",
    rationale=(
        "With protection on, Proxmox VE itself refuses to remove the container or its "
        "volumes, also by hand."
    ),
    fix="Set protection = true in the entry.",
    check=check,
)
