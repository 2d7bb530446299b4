"""HL201: A container is unprivileged."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.unprivileged is UNKNOWN:
            yield unclear(guest.name, "whether it is unprivileged")
        elif not guest.unprivileged:
            yield entry_fails(guest, "it is privileged", "unprivileged")


RULE = Rule(
    id="HL201",
    slug="unprivileged",
    summary="A container is unprivileged.",
    rationale=(
        "Root in a privileged container is root on the node as soon as it gets out; an "
        "existing container can't be changed in place."
    ),
    fix="Set unprivileged = true (the default) in the entry.",
    check=check,
)
