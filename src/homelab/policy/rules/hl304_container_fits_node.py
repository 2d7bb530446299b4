"""HL304: A container has no more cores and memory than its node."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.node is UNKNOWN:
            yield unclear(guest.name, "the node")
            continue
        node = subject.capacity.nodes.get(guest.node)
        if node is None:
            continue
        for attribute, has, most in (
            ("cores", guest.cores, node.cores),
            ("memory", guest.memory, node.memory),
        ):
            if has is UNKNOWN:
                yield unclear(guest.name, attribute)
            elif has > most:
                text = f"{attribute} {has:g} of {most} on {guest.node}"
                yield entry_fails(guest, text, attribute)


RULE = Rule(
    id="HL304",
    slug="container-fits-node",
    summary="A container has no more cores and memory than its node.",
    rationale="Proxmox VE accepts it, and the container never gets what it was promised.",
    fix="Lower cores or memory in the entry.",
    check=check,
)
