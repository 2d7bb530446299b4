"""HL205: Inbound packets that no rule accepts are dropped."""

from collections.abc import Iterator

from homelab.policy.rule import Observation, Rule, fails, unclear
from homelab.policy.subject import Subject
from homelab.policy.values import UNKNOWN

_WHERE = ("modules/firewall-rules/variables.tf", "variable", "inbound_policy")


def check(subject: Subject) -> Iterator[Observation]:
    policy = subject.firewall_policy
    if policy is UNKNOWN:
        yield unclear("firewall", "the default for inbound packets")
    elif policy not in ("DROP", "REJECT"):
        text = f"inbound packets are {policy or 'accepted'} by default"
        yield fails("firewall", text, "block", *_WHERE, "default")


RULE = Rule(
    id="HL205",
    slug="default-deny",
    summary="Inbound packets that no rule accepts are dropped.",
    rationale="With ACCEPT as the default, a port that somebody forgot is open to everybody.",
    fix="Set inbound_policy of modules/firewall-rules to DROP (the default) or REJECT.",
    check=check,
)
