"""HL204: The firewall is on at every interface."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if isinstance(guest.nics, Unknown):
            yield unclear(guest.name, "the firewall flag", "containers", guest.name, "networks")
            continue
        for nic in guest.nics:
            if nic.firewall is True:
                continue
            where = ("containers", guest.name, "networks", nic.position, "firewall")
            if isinstance(nic.firewall, Unknown):
                yield unclear(guest.name, "the firewall flag", *where)
            else:
                yield fails(guest.name, f"the firewall is off at interface {nic.position}", *where)


RULE = Rule(
    id="HL204",
    slug="firewall-on",
    severity=Severity.ERROR,
    summary="The firewall is on at every interface.",
    rationale=(
        "Without the flag, Proxmox VE lets every packet through at that interface, whatever "
        "the rules say."
    ),
    fix="Set firewall = true (the default) for the interface.",
    check=check,
)
