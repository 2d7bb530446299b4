"""HL401: A container that holds data is protected."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.protection is True:
            if subject.protect is False and subject.may_lose is not None and guest.is_stateful:
                said = "it holds data, and the variable protect turns its protection off"
                yield entry_fails(guest, said, "protection")
            continue
        stateful = guest.is_stateful
        if stateful is False:
            continue
        if stateful is UNKNOWN or guest.protection is UNKNOWN:
            yield unclear(guest.name, "whether it is protected or holds data")
        else:
            yield entry_fails(guest, "it holds data and is not protected", "protection")


RULE = Rule(
    id="HL401",
    slug="data-protected",
    summary="A container that holds data is protected.",
    rationale=(
        "With protection on, Proxmox VE itself refuses to remove the container or its "
        "volumes, also by hand."
    ),
    fix="Set protection = true in the entry.",
    check=check,
)
