"""HL405: No volume becomes smaller."""

from collections.abc import Iterator

from homelab.policy.losses import resized
from homelab.policy.rule import Observation, Rule, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN
from homelab.pve.sizes import format_size


def check(subject: Subject) -> Iterator[Observation]:
    for change in subject.changes or ():
        if not change.is_container or change.action != "update":
            continue
        for key, where in (("rootfs", "rootfs"), ("mountpoint", "mount_points")):
            for index, before, after in resized(change, key):
                if after is UNKNOWN:
                    yield unclear(change.name, "the new size of a volume")
                elif after < before:
                    text = f"a volume of {format_size(before)} would become {format_size(after)}"
                    place = (where,) if key == "rootfs" else (where, index)
                    yield fails(change.name, text, "containers", change.name, *place, "size")


RULE = Rule(
    id="HL405",
    slug="no-volume-shrunk",
    summary="No volume becomes smaller.",
    rationale="Proxmox VE refuses to shrink a volume, so the apply stops half-way.",
    fix="Keep the size; to make it smaller, move the data to a new volume.",
    check=check,
    needs_plan=True,
)
