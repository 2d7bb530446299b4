"""HL505: A service promises no more than what it depends on."""

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
        if isinstance(service, Unknown) or isinstance(service.depends_on, Unknown):
            yield unclear(guest.name, "its dependencies", *where)
            continue
        for name in service.depends_on:
            needed = subject.by_name.get(name)
            if needed is None or needed.service is None:
                continue
            if isinstance(needed.service, Unknown):
                yield unclear(guest.name, f"the objective of {name}", *where)
                continue
            mine, theirs = service.slo, needed.service.slo
            if isinstance(mine, Unknown) or isinstance(theirs, Unknown):
                yield unclear(guest.name, f"its objective or that of {name}", *where)
            elif mine is not None and theirs is not None and mine > theirs:
                text = f"it promises {mine:g} %, and {name}, which it needs, {theirs:g} %"
                yield fails(guest.name, text, *where)


RULE = Rule(
    id="HL505",
    slug="slo-of-dependencies",
    severity=Severity.WARNING,
    summary="A service promises no more than what it depends on.",
    rationale="It can't be up longer than what it needs to be up.",
    fix="Lower service.slo, raise that of the dependency, or drop the dependency.",
    check=check,
)
