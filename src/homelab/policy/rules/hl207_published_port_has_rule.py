"""HL207: A published port has a firewall rule that lets somebody in."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, entry_fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN


def check(subject: Subject) -> Iterator[Observation]:
    if subject.firewall is UNKNOWN:
        yield unclear("firewall", "the rules")
        return
    opened = {(rule.container, rule.port, rule.protocol) for rule in subject.firewall}
    doubtful = {key[0] for key in opened if UNKNOWN in key}
    for guest, port in subject.ports:
        if port is UNKNOWN or port.port is UNKNOWN or port.protocol is UNKNOWN:
            yield unclear(guest.name, "a port")
        elif (guest.name, port.port, port.protocol) in opened:
            continue
        elif guest.name in doubtful or UNKNOWN in doubtful:
            yield unclear(guest.name, "a firewall rule's port")
        else:
            text = f"no rule opens port {port.port:g}/{port.protocol}"
            yield entry_fails(guest, text, "service", "ports", port.position)


RULE = Rule(
    id="HL207",
    slug="published-port-has-rule",
    summary="A published port has a firewall rule that lets somebody in.",
    rationale=(
        "The default is to drop, so that a service whose port has no rule is up and unreachable."
    ),
    fix="Name who may reach the port in its sources, or don't publish it.",
    check=check,
)
