"""The rules that come first: what breaks them contradicts itself, or can't be made by any node."""

from __future__ import annotations

from homelab.policy.rule import Rule
from homelab.policy.rules import RULES

_IDS = (
    *("HL101", "HL102", "HL103", "HL104", "HL106", "HL108", "HL109", "HL110", "HL111"),
    *("HL202", "HL203", "HL208", "HL216"),
    *("HL306", "HL406"),
    *("HL501", "HL502", "HL503", "HL507"),
)

CONTRADICTIONS: tuple[Rule, ...] = tuple(rule for rule in RULES if rule.id in _IDS)
"""Nothing is begun with a tree that breaks one of them; all of them need no plan."""
