"""HL104: An interface is on a bridge that networks.tf declares."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if isinstance(guest.nics, Unknown):
            yield unclear(guest.name, "a bridge", "containers", guest.name, "networks")
            continue
        for nic in guest.nics:
            where = ("containers", guest.name, "networks", nic.position, "bridge")
            if isinstance(nic.bridge, Unknown):
                yield unclear(guest.name, "a bridge", *where)
            elif nic.bridge not in subject.by_bridge:
                if subject.has_unknown_bridge:
                    yield unclear(guest.name, "a network's bridge", *where)
                else:
                    known = ", ".join(sorted(subject.by_bridge)) or "none"
                    yield fails(
                        guest.name, f"bridge {nic.bridge!r} is not declared ({known})", *where
                    )


RULE = Rule(
    id="HL104",
    slug="bridge-declared",
    severity=Severity.ERROR,
    summary="An interface is on a bridge that networks.tf declares.",
    rationale=(
        "A bridge that nobody declared may not exist on the node, or lead somewhere that no "
        "firewall rule covers."
    ),
    fix="Name a bridge of terraform/containers/networks.tf, or declare the network there.",
    check=check,
)
