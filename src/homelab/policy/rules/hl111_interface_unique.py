"""HL111: An interface's name is there once in a container."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if isinstance(guest.nics, Unknown):
            yield unclear(guest.name, "an interface", "containers", guest.name, "networks")
            continue
        if len(guest.nics) < 2:
            continue
        seen: set[str] = set()
        for nic in guest.nics:
            where = ("containers", guest.name, "networks", nic.position, "name")
            if isinstance(nic.name, Unknown):
                yield unclear(guest.name, "an interface's name", *where)
                continue
            if nic.name in seen:
                yield fails(guest.name, f"interface {nic.name} is there twice", *where)
            seen.add(nic.name)


RULE = Rule(
    id="HL111",
    slug="interface-unique",
    severity=Severity.ERROR,
    summary="An interface's name is there once in a container.",
    rationale="Proxmox VE would make the second one fail, and the container would not start.",
    fix="Leave `name` out: interfaces are eth0, eth1 and so on by their position.",
    check=check,
)
