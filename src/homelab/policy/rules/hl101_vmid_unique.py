"""HL101: A vmid belongs to one container."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    first: dict[float, str] = {}
    for guest in subject.guests:
        vmid = guest.vmid
        if vmid is UNKNOWN:
            yield unclear(guest.name, "the vmid")
        elif (owner := first.setdefault(vmid, guest.name)) != guest.name:
            yield entry_fails(guest, f"vmid {vmid:g} is also {owner}'s", "vmid")


RULE = Rule(
    id="HL101",
    slug="vmid-unique",
    summary="A vmid belongs to one container.",
    rationale=(
        "Proxmox VE knows a guest by its vmid alone: the second creation fails, or an import "
        "takes over the wrong container."
    ),
    fix="Give the container a vmid of its own in its entry under terraform/containers/.",
    check=check,
)
