"""HL404: No mount point is taken from a container, or exchanged, unless the container was named."""

from collections.abc import Iterator

from homelab.policy.losses import lost_volumes
from homelab.policy.rule import Observation, Rule, fails, unclear
from homelab.policy.subject import Subject


def check(subject: Subject) -> Iterator[Observation]:
    if subject.may_lose is None:
        return
    for change in subject.changes or ():
        if not change.is_container or change.action != "update" or change.name in subject.may_lose:
            continue
        if change.unknown.get("mountpoint") is True:
            yield unclear(change.name, "a mount point")
            continue
        for path in lost_volumes(change.before, change.after):
            text = f"the volume at {path} would be detached"
            yield fails(change.name, text, "containers", change.name, "mount_points")


RULE = Rule(
    id="HL404",
    slug="no-volume-lost",
    summary=(
        "No mount point is taken from a container, or exchanged, unless the container was named."
    ),
    rationale="The volume with its data is detached; a new one in its place is empty.",
    fix="Keep the mount point, at its position in the list. If it is meant: --allow-delete NAME.",
    check=check,
    needs_plan=True,
)
