"""HL304: A container has no more cores and memory than its node."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if isinstance(guest.node, Unknown):
            yield unclear(guest.name, "the node", "containers", guest.name, "node")
            continue
        node = subject.capacity.nodes.get(guest.node)
        if node is None:
            continue
        for attribute, has, most in (
            ("cores", guest.cores, node.cores),
            ("memory", guest.memory, node.memory),
        ):
            where = ("containers", guest.name, attribute)
            if isinstance(has, Unknown):
                yield unclear(guest.name, attribute, *where)
            elif has > most:
                yield fails(guest.name, f"{attribute} {has:g} of {most} on {guest.node}", *where)


RULE = Rule(
    id="HL304",
    slug="container-fits-node",
    severity=Severity.ERROR,
    summary="A container has no more cores and memory than its node.",
    rationale="Proxmox VE accepts it, and the container never gets what it was promised.",
    fix="Lower cores or memory in the entry.",
    check=check,
)
