"""HL109: A network has a bridge and addresses that no other network has."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN, NetworkView


def check(subject: Subject) -> Iterator[Observation]:
    bridges: dict[str, str] = {}
    before: list[tuple[int, int, NetworkView]] = []
    if subject.is_partial:
        yield unclear("networks", "a network")
    for network in subject.networks:
        where = ("networks", network.name)
        if network.bridge is UNKNOWN:
            yield unclear(network.name, "its bridge")
        elif (owner := bridges.setdefault(network.bridge, network.name)) != network.name:
            text = f"bridge {network.bridge} is also that of {owner}"
            yield fails(network.name, text, *where, "bridge")
        if network.first is UNKNOWN or network.last is UNKNOWN:
            yield unclear(network.name, "its range")
            continue
        for first, last, other in before:
            if network.first <= last and first <= network.last:
                text = f"{network.cidr} overlaps {other.cidr} of {other.name}"
                yield fails(network.name, text, *where, "cidr")
        before.append((network.first, network.last, network))


RULE = Rule(
    id="HL109",
    slug="networks-apart",
    summary="A network has a bridge and addresses that no other network has.",
    rationale="On one bridge two networks are not apart, and an address in two ranges leads to either.",
    fix="Give it a bridge and a cidr of its own in terraform/containers/networks.tf.",
    check=check,
)
