"""HL107: A client of a VPN network is on no other bridge; only its gateway is."""

from collections.abc import Iterator

from homelab.policy.reading import address
from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN, NicView


def check(subject: Subject) -> Iterator[Observation]:
    for guest in subject.guests:
        if guest.nics is UNKNOWN:
            yield unclear(guest.name, "its networks")
            continue
        on_vpn: list[NicView] = []
        elsewhere: list[NicView] = []
        is_gateway = False
        doubt = False
        for nic in guest.nics:
            network = None if nic.bridge is UNKNOWN else subject.by_bridge.get(nic.bridge)
            if network is None:
                doubt = doubt or nic.bridge is UNKNOWN or subject.has_unknown_bridge
                elsewhere.append(nic)
            elif network.vpn is UNKNOWN:
                doubt = True
            elif network.vpn:
                on_vpn.append(nic)
                host, _ = address(network.gateway)
                if host is UNKNOWN or nic.number is UNKNOWN:
                    doubt = doubt or len(guest.nics) > 1
                is_gateway = is_gateway or host == nic.number
            else:
                elsewhere.append(nic)
        if doubt:
            yield unclear(guest.name, "which of its networks is behind the VPN")
        elif on_vpn and elsewhere and not is_gateway:
            inside, outside = on_vpn[0], elsewhere[0]
            text = f"it is on {inside.bridge} behind the VPN, and on {outside.bridge} as well"
            yield entry_fails(guest, text, "networks", outside.position)


RULE = Rule(
    id="HL107",
    slug="vpn-only-on-vpn-bridge",
    summary="A client of a VPN network is on no other bridge; only its gateway is.",
    rationale="A second way out lets traffic leave past the tunnel, which nobody notices.",
    fix=(
        "Leave only the interface on the VPN network's bridge; what has to be reached goes "
        "through the gateway."
    ),
    check=check,
)
