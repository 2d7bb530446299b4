"""HL502: Every dependency is declared, once, and none leads back to itself."""

from collections.abc import Iterator

from homelab.model.waves import find_cycle, layers
from homelab.policy.rule import Observation, Rule, entry_fails, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    where = ("service", "depends_on")
    graph: dict[str, tuple[str, ...]] = {}
    for guest, service in subject.services:
        if service.depends_on is UNKNOWN:
            yield unclear(guest.name, "its dependencies")
            continue
        if not service.depends_on:
            continue
        graph[guest.name] = service.depends_on
        for index, name in enumerate(service.depends_on):
            if name in service.depends_on[:index]:
                yield entry_fails(guest, f"it depends on {name!r} twice", *where, index)
            elif name in subject.by_name:
                continue
            elif subject.is_partial:
                yield unclear(guest.name, "the name of a container")
            else:
                text = f"it depends on {name!r}, which is not declared"
                yield entry_fails(guest, text, *where, index)
    _, rest = layers(graph)
    if rest:
        cycle = find_cycle(rest)
        text = f"dependencies form a cycle: {' -> '.join(cycle)}"
        yield fails(cycle[0], text, "containers", cycle[0], *where)


RULE = Rule(
    id="HL502",
    slug="dependencies-exist",
    summary="Every dependency is declared, once, and none leads back to itself.",
    rationale="A deploy would wait for a service that never comes.",
    fix="Correct service.depends_on.",
    check=check,
)
