from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from homelab import policy
from homelab.policy import Verdict, Waiver

TODAY = date(2025, 6, 1)


def _waiver(rule: str = "HL201", item: str = "jellyfin", expires: date = TODAY) -> Waiver:
    return Waiver(rule=rule, item=item, reason="until it is rebuilt", expires=expires)


@pytest.mark.parametrize("waiver", [_waiver(), _waiver("unprivileged"), _waiver(item="*")])
def test_a_waiver_accepts_until_its_day(waiver: Waiver, wrong: Path) -> None:
    report = policy.evaluate_tree(wrong, waivers=(waiver,), today=TODAY)

    assert report.is_ok
    assert [finding.item for finding in report.waived] == ["jellyfin"]
    assert report.verdicts["HL201"] is Verdict.PASS
    report.raise_for_violations()


def test_an_expired_waiver_is_a_finding_and_accepts_nothing(wrong: Path) -> None:
    old = _waiver(expires=date(2025, 5, 31))

    report = policy.evaluate_tree(wrong, waivers=(old,), today=TODAY)

    assert {finding.rule.id for finding in report.violations} == {"HL201", "HL901"}


def test_a_waiver_that_matches_nothing_is_a_finding(tree: Path) -> None:
    report = policy.evaluate_tree(tree, waivers=(_waiver(), _waiver("HL403")), today=TODAY)

    # HL403 judges plans, so that nothing can be said about its waiver here.
    assert [(f.rule.id, f.message) for f in report.warnings] == [
        ("HL902", "the waiver of HL201 matches nothing")
    ]
