from __future__ import annotations

from pathlib import Path

from homelab.policy import evaluate_tree
from homelab.repository.docs.policy_page import policy_page

ROOT = Path(__file__).parents[4]


def test_policy_page_counts_the_rules_that_its_command_asks() -> None:
    report = evaluate_tree(ROOT / "terraform")

    assert f"\npolicy: {len(report.rules)} rules: 1 violation\n" in policy_page()
