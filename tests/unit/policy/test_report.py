from __future__ import annotations

from pathlib import Path

import pytest

from homelab import policy
from homelab.policy.report import Finding, PolicyReport, PolicyViolationError
from homelab.policy.rule import Severity, Verdict


def test_counts_are_in_one_line_and_the_error_says_how_to_go_on(wrong: Path) -> None:
    report = policy.evaluate_tree(wrong)
    assert report.headline.startswith(f"{len(report.rules)} rules: 1 violation")
    with pytest.raises(PolicyViolationError) as caught:
        report.raise_for_violations()
    lines = str(caught.value).splitlines()
    assert caught.value.report is report
    assert lines[0] == "1 violation of the policy:"
    assert "HL201 unprivileged: jellyfin: it is privileged" in lines[1]
    assert lines[2].startswith("    fix: ")
    assert "--explain" in lines[-1]


def _report(*verdicts: tuple[Severity, Verdict]) -> PolicyReport:
    found = []
    for severity, verdict in verdicts:
        rule = next(rule for rule in policy.RULES if rule.severity is severity)
        found.append(Finding(rule=rule, verdict=verdict, item="plex", message="words"))
    return PolicyReport(rules=policy.RULES, verdicts={}, findings=tuple(found))


@pytest.mark.parametrize(
    ("severity", "verdict", "passes", "strictly"),
    [
        (Severity.ERROR, Verdict.FAIL, False, False),
        (Severity.WARNING, Verdict.FAIL, True, False),
        (Severity.ERROR, Verdict.UNKNOWN, True, True),
    ],
)
def test_what_is_not_known_stops_nothing(severity, verdict, passes, strictly) -> None:
    report = _report((severity, verdict))
    assert report.passes(strict=False) is passes
    assert report.passes(strict=True) is strictly
    assert len(report.violations) + len(report.warnings) + len(report.unknowns) == 1
