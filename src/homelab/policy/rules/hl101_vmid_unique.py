"""HL101: A vmid belongs to one container."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    first: dict[float, str] = {}
    for guest in subject.guests:
        vmid = guest.vmid
        if isinstance(vmid, Unknown):
            yield unclear(guest.name, "the vmid", "containers", guest.name, "vmid")
            continue
        owner = first.setdefault(vmid, guest.name)
        if owner != guest.name:
            yield fails(
                guest.name,
                f"vmid {vmid:g} is also {owner}'s",
                "containers",
                guest.name,
                "vmid",
            )


RULE = Rule(
    id="HL101",
    slug="vmid-unique",
    severity=Severity.ERROR,
    summary="A vmid belongs to one container.",
    rationale=(
        "Proxmox VE knows a guest by its vmid alone: the second creation fails, or an import "
        "takes over the wrong container."
    ),
    fix="Give the container a vmid of its own in its entry under terraform/containers/.",
    check=check,
)
