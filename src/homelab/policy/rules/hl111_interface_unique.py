"""HL111: An interface's name is there once in a container."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.nics is UNKNOWN:
            yield unclear(guest.name, "an interface")
            continue
        if len(guest.nics) < 2:
            continue
        seen: set[str] = set()
        for nic in guest.nics:
            if nic.name is UNKNOWN:
                yield unclear(guest.name, "an interface's name")
                continue
            if nic.name in seen:
                text = f"interface {nic.name} is there twice"
                yield entry_fails(guest, text, "networks", nic.position, "name")
            seen.add(nic.name)


RULE = Rule(
    id="HL111",
    slug="interface-unique",
    summary="An interface's name is there once in a container.",
    rationale="Proxmox VE would make the second one fail, and the container would not start.",
    fix="Leave `name` out: interfaces are eth0, eth1 and so on by their position.",
    check=check,
)
