"""HL502: Every dependency is declared, once, and none leads back to itself."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.model.waves import find_cycle, layers
from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    graph: dict[str, tuple[str, ...]] = {}
    for guest in subject.guests:
        service = guest.service
        if service is None:
            continue
        where = ("containers", guest.name, "service", "depends_on")
        if isinstance(service, Unknown) or isinstance(service.depends_on, Unknown):
            yield unclear(guest.name, "its dependencies", *where)
            continue
        if not service.depends_on:
            continue
        graph[guest.name] = service.depends_on
        for index, name in enumerate(service.depends_on):
            if name in service.depends_on[:index]:
                yield fails(guest.name, f"it depends on {name!r} twice", *where, index)
                continue
            if name in subject.by_name:
                continue
            if subject.is_partial:
                yield unclear(guest.name, "the name of a container", *where, index)
            else:
                yield fails(
                    guest.name, f"it depends on {name!r}, which is not declared", *where, index
                )
    _, rest = layers(graph)
    if rest:
        cycle = find_cycle(rest)
        where = ("containers", cycle[0], "service", "depends_on")
        yield fails(cycle[0], f"dependencies form a cycle: {' -> '.join(cycle)}", *where)


RULE = Rule(
    id="HL502",
    slug="dependencies-exist",
    severity=Severity.ERROR,
    summary="Every dependency is declared, once, and none leads back to itself.",
    rationale="A deploy would wait for a service that never comes.",
    fix="Correct service.depends_on.",
    check=check,
)
