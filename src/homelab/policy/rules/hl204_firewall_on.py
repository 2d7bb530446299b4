"""HL204: The firewall is on at every interface."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    for guest, nic in subject.nics:
        if nic is UNKNOWN or nic.firewall is UNKNOWN:
            yield unclear(guest.name, "the firewall flag")
        elif not nic.firewall:
            text = f"the firewall is off at interface {nic.position}"
            yield entry_fails(guest, text, "networks", nic.position, "firewall")


RULE = Rule(
    id="HL204",
    slug="firewall-on",
    summary="The firewall is on at every interface.",
    rationale=(
        "Without the flag, Proxmox VE lets every packet through at that interface, whatever "
        "the rules say."
    ),
    fix="Set firewall = true (the default) for the interface.",
    check=check,
)
