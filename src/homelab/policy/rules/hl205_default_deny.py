"""HL205: Inbound packets that no rule accepts are dropped."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, Severity, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import Unknown


def check(subject: Subject) -> Iterator[Observation]:
    """Look at what breaks it."""
    policy = subject.firewall_policy
    where = (
        "block",
        "modules/firewall-rules/variables.tf",
        "variable",
        "inbound_policy",
        "default",
    )
    if isinstance(policy, Unknown):
        yield unclear("firewall", "the default for inbound packets", *where)
    elif policy not in ("DROP", "REJECT"):
        yield fails("firewall", f"inbound packets are {policy or 'accepted'} by default", *where)


RULE = Rule(
    id="HL205",
    slug="default-deny",
    severity=Severity.ERROR,
    summary="Inbound packets that no rule accepts are dropped.",
    rationale="With ACCEPT as the default, a port that somebody forgot is open to everybody.",
    fix="Set inbound_policy of modules/firewall-rules to DROP (the default) or REJECT.",
    check=check,
)
