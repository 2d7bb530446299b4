"""HL104: An interface is on a bridge that networks.tf declares."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest, nic in subject.nics:
        if nic is UNKNOWN or nic.bridge is UNKNOWN:
            yield unclear(guest.name, "a bridge")
        elif nic.bridge in subject.by_bridge:
            continue
        elif subject.has_unknown_bridge:
            yield unclear(guest.name, "a network's bridge")
        else:
            known = ", ".join(sorted(subject.by_bridge)) or "none"
            text = f"bridge {nic.bridge!r} is not declared ({known})"
            yield entry_fails(guest, text, "networks", nic.position, "bridge")


RULE = Rule(
    id="HL104",
    slug="bridge-declared",
    summary="An interface is on a bridge that networks.tf declares.",
    rationale=(
        "A bridge that nobody declared may not exist on the node, or lead somewhere that no "
        "firewall rule covers."
    ),
    fix="Name a bridge of terraform/containers/networks.tf, or declare the network there.",
    check=check,
)
