"""HL105: A MAC address belongs to one interface."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    first: dict[str, str] = {}
    for guest, nic in subject.nics:
        if nic is UNKNOWN:
            yield unclear(guest.name, "a MAC address")
        elif nic.hwaddr is UNKNOWN:
            yield unclear(guest.name, f"the MAC address of interface {nic.position}")
        elif nic.hwaddr:
            me = f"{guest.name}:{nic.position}"
            owner = first.setdefault(nic.hwaddr.upper(), me)
            if owner != me:
                text = f"MAC address {nic.hwaddr} is also that of {owner.partition(':')[0]}"
                yield entry_fails(guest, text, "networks", nic.position)


RULE = Rule(
    id="HL105",
    slug="mac-unique",
    summary="A MAC address belongs to one interface.",
    rationale=(
        "On one bridge, frames for a MAC address that two containers have reach either of them."
    ),
    fix="Leave out `hwaddr`: Proxmox VE picks one that is free.",
    check=check,
)
