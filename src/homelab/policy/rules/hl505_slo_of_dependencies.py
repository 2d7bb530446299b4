"""HL505: A service promises no more than what it depends on."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest, service in subject.services:
        if service.depends_on is UNKNOWN:
            yield unclear(guest.name, "its dependencies")
            continue
        for name in service.depends_on:
            needed = subject.by_name.get(name)
            if needed is None or needed.service is None:
                continue
            if needed.service is UNKNOWN:
                yield unclear(guest.name, f"the objective of {name}")
                continue
            mine, theirs = service.slo, needed.service.slo
            if mine is UNKNOWN or theirs is UNKNOWN:
                yield unclear(guest.name, f"its objective or that of {name}")
            elif mine is not None and theirs is not None and mine > theirs:
                text = f"it promises {mine:g} %, and {name}, which it needs, {theirs:g} %"
                yield entry_fails(guest, text, "service", "slo")


RULE = Rule(
    id="HL505",
    slug="slo-of-dependencies",
    severity=Severity.WARNING,
    summary="A service promises no more than what it depends on.",
    rationale="It can't be up longer than what it needs to be up.",
    fix="Lower service.slo, raise that of the dependency, or drop the dependency.",
    check=check,
)
