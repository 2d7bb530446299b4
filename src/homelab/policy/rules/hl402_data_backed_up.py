"""HL402: Every volume of a container with the tag `data` is backed up."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.tags is UNKNOWN:
            yield unclear(guest.name, "its tags")
            continue
        if "data" not in guest.tags:
            continue
        if guest.mounts is UNKNOWN:
            yield unclear(guest.name, "a mount point")
            continue
        for mount in guest.mounts:
            if mount.backup is UNKNOWN:
                yield unclear(guest.name, "whether a volume is backed up")
            elif not mount.backup:
                text = f"{mount.path} is not backed up"
                yield entry_fails(guest, text, "mount_points", mount.position, "backup")


RULE = Rule(
    id="HL402",
    slug="data-backed-up",
    summary="Every volume of a container with the tag `data` is backed up.",
    rationale="A volume with backup off is missing in every vzdump, which shows at the restore.",
    fix="Set backup = true (the default) for the mount point, or drop the tag `data`.",
    check=check,
)
