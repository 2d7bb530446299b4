"""HL406: A path in a container has one mount point."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if isinstance(guest.mounts, Unknown):
            yield unclear(guest.name, "a mount point", "containers", guest.name, "mount_points")
            continue
        if len(guest.mounts) < 2:
            continue
        seen: set[str] = set()
        for mount in guest.mounts:
            where = ("containers", guest.name, "mount_points", mount.position, "path")
            if isinstance(mount.path, Unknown):
                yield unclear(guest.name, "a mount point's path", *where)
                continue
            if mount.path in seen:
                yield fails(guest.name, f"mount point {mount.path} is there twice", *where)
            seen.add(mount.path)


RULE = Rule(
    id="HL406",
    slug="mount-path-unique",
    severity=Severity.ERROR,
    summary="A path in a container has one mount point.",
    rationale="The second volume hides the first, with the data on it.",
    fix="Give each mount point a path of its own.",
    check=check,
)
