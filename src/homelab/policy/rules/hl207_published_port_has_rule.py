"""HL207: A published port has a firewall rule that lets somebody in."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN, Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    if isinstance(subject.firewall, Unknown):
        yield unclear("firewall", "the rules", "block", "modules/firewall-rules/main.tf", "locals")
        return
    opened = {(rule.container, rule.port, rule.protocol) for rule in subject.firewall}
    doubtful = {
        rule.container
        for rule in subject.firewall
        if UNKNOWN in (rule.container, rule.port, rule.protocol)
    }
    for guest in subject.guests:
        service = guest.service
        if service is None:
            continue
        if isinstance(service, Unknown) or isinstance(service.ports, Unknown):
            yield unclear(guest.name, "a port", "containers", guest.name, "service")
            continue
        for port in service.ports:
            where = ("containers", guest.name, "service", "ports", port.position)
            if isinstance(port.port, Unknown) or isinstance(port.protocol, Unknown):
                yield unclear(guest.name, "a port", *where)
            elif (guest.name, port.port, port.protocol) in opened:
                continue
            elif guest.name in doubtful or UNKNOWN in doubtful:
                yield unclear(guest.name, "a firewall rule's port", *where)
            else:
                yield fails(guest.name, f"no rule opens port {port.port:g}/{port.protocol}", *where)


RULE = Rule(
    id="HL207",
    slug="published-port-has-rule",
    severity=Severity.ERROR,
    summary="A published port has a firewall rule that lets somebody in.",
    rationale=(
        "The default is to drop, so that a service whose port has no rule is up and unreachable."
    ),
    fix="Name who may reach the port in its sources, or don't publish it.",
    check=check,
)
