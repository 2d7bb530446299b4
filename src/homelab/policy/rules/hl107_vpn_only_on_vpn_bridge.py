"""HL107: A client of a VPN network is on no other bridge; only its gateway is."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.reading import address
from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import NicView, Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    for guest in subject.guests:
        if isinstance(guest.nics, Unknown):
            yield unclear(guest.name, "its networks", "containers", guest.name, "networks")
            continue
        on_vpn: list[NicView] = []
        elsewhere: list[NicView] = []
        is_gateway = False
        doubt = False
        for nic in guest.nics:
            network = None if isinstance(nic.bridge, Unknown) else subject.by_bridge.get(nic.bridge)
            if network is None:
                doubt = doubt or isinstance(nic.bridge, Unknown) or subject.has_unknown_bridge
                elsewhere.append(nic)
            elif isinstance(network.vpn, Unknown):
                doubt = True
            elif network.vpn:
                on_vpn.append(nic)
                host, _ = address(network.gateway)
                if isinstance(host, Unknown) or isinstance(nic.number, Unknown):
                    doubt = doubt or len(guest.nics) > 1
                is_gateway = is_gateway or host == nic.number
            else:
                elsewhere.append(nic)
        where = ("containers", guest.name, "networks")
        if doubt:
            yield unclear(guest.name, "which of its networks is behind the VPN", *where)
        elif on_vpn and elsewhere and not is_gateway:
            yield fails(
                guest.name,
                f"it is on {on_vpn[0].bridge} behind the VPN, and on {elsewhere[0].bridge} as well",
                *where,
                elsewhere[0].position,
            )


RULE = Rule(
    id="HL107",
    slug="vpn-only-on-vpn-bridge",
    severity=Severity.ERROR,
    summary="A client of a VPN network is on no other bridge; only its gateway is.",
    rationale="A second way out lets traffic leave past the tunnel, which nobody notices.",
    fix=(
        "Leave only the interface on the VPN network's bridge; what has to be reached goes "
        "through the gateway."
    ),
    check=check,
)
