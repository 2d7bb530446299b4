"""HL305: A container that runs Docker has at least 256 MiB."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.memory is UNKNOWN or guest.service is UNKNOWN:
            yield unclear(guest.name, "memory")
        elif guest.service is not None and guest.memory < 256:
            yield entry_fails(guest, f"memory is {guest.memory:g} MiB", "memory")


RULE = Rule(
    id="HL305",
    slug="memory-for-docker",
    severity=Severity.WARNING,
    summary="A container that runs Docker has at least 256 MiB.",
    rationale="systemd, sshd and Docker take some 150 MiB before the service starts.",
    fix="Raise `memory` to 256 or more.",
    check=check,
)
