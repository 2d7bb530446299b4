"""HL504: A service has an objective: a share of the time between 0 and 100 %, without 100."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest, service in subject.services:
        where = ("service", "slo")
        if service.slo is UNKNOWN:
            yield unclear(guest.name, "the objective")
        elif service.slo is None:
            yield entry_fails(guest, "its service has no objective", *where)
        elif not 0 < service.slo < 100:
            yield entry_fails(guest, f"an objective of {service.slo:g} % can't be kept", *where)


RULE = Rule(
    id="HL504",
    slug="slo-present",
    summary="A service has an objective: a share of the time between 0 and 100 %, without 100.",
    rationale="Without one there is no error budget, and 100 % leaves none.",
    fix="Set service.slo, such as 99.9 (43 minutes in 30 days).",
    check=check,
)
