"""HL105: A MAC address belongs to one interface."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    first: dict[str, str] = {}
    for guest in subject.guests:
        if isinstance(guest.nics, Unknown):
            yield unclear(guest.name, "a MAC address", "containers", guest.name, "networks")
            continue
        for nic in guest.nics:
            where = ("containers", guest.name, "networks", nic.position)
            if isinstance(nic.hwaddr, Unknown):
                yield unclear(guest.name, f"the MAC address of interface {nic.position}", *where)
            elif nic.hwaddr:
                me = f"{guest.name}:{nic.position}"
                owner = first.setdefault(nic.hwaddr.upper(), me)
                if owner != me:
                    yield fails(
                        guest.name,
                        f"MAC address {nic.hwaddr} is also that of {owner.partition(':')[0]}",
                        *where,
                    )


RULE = Rule(
    id="HL105",
    slug="mac-unique",
    severity=Severity.ERROR,
    summary="A MAC address belongs to one interface.",
    rationale=(
        "On one bridge, frames for a MAC address that two containers have reach either of them."
    ),
    fix="Leave out `hwaddr`: Proxmox VE picks one that is free.",
    check=check,
)
