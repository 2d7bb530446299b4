"""HL202: Nesting is on where a service runs in Docker, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN, Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        where = ("containers", guest.name, "features", "nesting")
        nesting = UNKNOWN if guest.features is UNKNOWN else guest.features.get("nesting", False)
        if not isinstance(nesting, bool) or isinstance(guest.service, Unknown):
            yield unclear(guest.name, "whether it nests or runs Docker", *where)
        elif nesting and guest.service is None:
            yield fails(guest.name, "nesting is on, and no service runs in Docker", *where)
        elif not nesting and guest.service is not None:
            yield fails(guest.name, "nesting is off, and Docker does not run without it", *where)


RULE = Rule(
    id="HL202",
    slug="nesting-where-docker-runs",
    severity=Severity.ERROR,
    summary="Nesting is on where a service runs in Docker, and nowhere else.",
    rationale=(
        "Docker does not start without nesting; without Docker, nesting only widens what a "
        "container may do."
    ),
    fix="Set features.nesting = true where the entry has a service, and false where it has none.",
    check=check,
)
