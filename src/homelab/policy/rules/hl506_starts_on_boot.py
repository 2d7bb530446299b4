"""HL506: A container starts with its node."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.onboot is UNKNOWN:
            yield unclear(guest.name, "whether it starts on boot")
        elif not guest.onboot:
            yield entry_fails(guest, "it does not start with the node", "onboot")


RULE = Rule(
    id="HL506",
    slug="starts-on-boot",
    summary="A container starts with its node.",
    rationale="After a power cut it stays down until somebody notices.",
    fix="Set onboot = true (the default) in the entry.",
    check=check,
)
