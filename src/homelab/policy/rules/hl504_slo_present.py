"""HL504: A service has an objective: a share of the time between 0 and 100 %, without 100."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        service = guest.service
        if service is None:
            continue
        where = ("containers", guest.name, "service", "slo")
        if isinstance(service, Unknown) or isinstance(service.slo, Unknown):
            yield unclear(guest.name, "the objective", *where)
        elif service.slo is None:
            yield fails(guest.name, "its service has no objective", *where)
        elif not 0 < service.slo < 100:
            yield fails(guest.name, f"an objective of {service.slo:g} % can't be kept", *where)


RULE = Rule(
    id="HL504",
    slug="slo-present",
    severity=Severity.ERROR,
    summary="A service has an objective: a share of the time between 0 and 100 %, without 100.",
    rationale="Without one there is no error budget, and 100 % leaves none.",
    fix="Set service.slo, such as 99.9 (43 minutes in 30 days).",
    check=check,
)
