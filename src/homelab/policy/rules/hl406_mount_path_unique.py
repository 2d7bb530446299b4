"""HL406: A path in a container has one mount point."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.mounts is UNKNOWN:
            yield unclear(guest.name, "a mount point")
            continue
        if len(guest.mounts) < 2:
            continue
        seen: set[str] = set()
        for mount in guest.mounts:
            if mount.path is UNKNOWN:
                yield unclear(guest.name, "a mount point's path")
                continue
            if mount.path in seen:
                text = f"mount point {mount.path} is there twice"
                yield entry_fails(guest, text, "mount_points", mount.position, "path")
            seen.add(mount.path)


RULE = Rule(
    id="HL406",
    slug="mount-path-unique",
    summary="A path in a container has one mount point.",
    rationale="The second volume hides the first, with the data on it.",
    fix="Give each mount point a path of its own.",
    check=check,
)
