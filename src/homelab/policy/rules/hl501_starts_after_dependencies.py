"""HL501: A container starts after those that its service depends on."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest, service in subject.services:
        if service.depends_on is UNKNOWN:
            yield unclear(guest.name, "its dependencies")
            continue
        for name in service.depends_on:
            needed = subject.by_name.get(name)
            if needed is None or needed is guest:
                continue
            if needed.order is UNKNOWN or guest.order is UNKNOWN:
                yield unclear(guest.name, "the start order")
            elif needed.order >= guest.order:
                text = f"order {guest.order:g} is not after {needed.order:g} of {name}"
                yield entry_fails(guest, text, "startup", "order")


RULE = Rule(
    id="HL501",
    slug="starts-after-dependencies",
    summary="A container starts after those that its service depends on.",
    rationale=(
        "After a reboot of the node, a service that starts first fails, or comes up without "
        "what it needs."
    ),
    fix="Give it a startup.order above that of its dependencies.",
    check=check,
)
