"""HL402: Every volume of a container with the tag `data` is backed up."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if isinstance(guest.tags, Unknown):
            yield unclear(guest.name, "its tags", "containers", guest.name, "tags")
            continue
        if "data" not in guest.tags:
            continue
        if isinstance(guest.mounts, Unknown):
            yield unclear(guest.name, "a mount point", "containers", guest.name, "mount_points")
            continue
        for mount in guest.mounts:
            where = ("containers", guest.name, "mount_points", mount.position, "backup")
            if isinstance(mount.backup, Unknown):
                yield unclear(guest.name, "whether a volume is backed up", *where)
            elif not mount.backup:
                yield fails(guest.name, f"{mount.path} is not backed up", *where)


RULE = Rule(
    id="HL402",
    slug="data-backed-up",
    severity=Severity.ERROR,
    summary="Every volume of a container with the tag `data` is backed up.",
    rationale="A volume with backup off is missing in every vzdump, which shows at the restore.",
    fix="Set backup = true (the default) for the mount point, or drop the tag `data`.",
    check=check,
)
