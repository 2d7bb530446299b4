"""How much of a node is promised to its containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from homelab.policy.rule import Observation, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN, GuestView


def overcommitted(
    subject: Subject, attribute: Literal["cores", "memory"], ratio: float
) -> Iterator[Observation]:
    """The nodes of which too much is promised; the place is the container that takes most."""
    total: dict[str, float] = {}
    largest: dict[str, tuple[float, GuestView]] = {}
    for guest in subject.guests:
        amount = guest.cores if attribute == "cores" else guest.memory
        if amount is UNKNOWN or guest.node is UNKNOWN:
            yield unclear(guest.name, f"{attribute} or node")
            continue
        total[guest.node] = total.get(guest.node, 0) + amount
        if guest.node not in largest or amount > largest[guest.node][0]:
            largest[guest.node] = (amount, guest)
    unit = " MiB" if attribute == "memory" else ""
    for node, promised in total.items():
        owner = largest[node][1]
        known = subject.capacity.nodes.get(node)
        if known is None:
            yield unclear(node, f"the {attribute} of node {node} (policy.nodes)")
            continue
        has = known.cores if attribute == "cores" else known.memory
        if promised > has * ratio:
            text = f"{promised:g}{unit} {attribute} are promised of {has:g}{unit} (at most {ratio:g}:1)"
            text += f"; most to {owner.name}"
            yield fails(node, text, "containers", owner.name, attribute)
