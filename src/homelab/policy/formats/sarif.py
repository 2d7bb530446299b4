"""A policy report as SARIF 2.1.0, which code scanning reads."""

from __future__ import annotations

from typing import Any

from homelab import sarif
from homelab.policy.report import Finding, PolicyReport
from homelab.policy.rule import Rule, Verdict


def to_sarif(report: PolicyReport) -> dict[str, Any]:
    """One run: the rules with their help, and a result for each finding."""
    indexes = {rule.id: index for index, rule in enumerate(report.rules)}
    run = {
        "tool": sarif.tool("homelab policy", [_rule(rule) for rule in report.rules]),
        "columnKind": "utf16CodeUnits",
        "results": [_result(finding, indexes[finding.rule.id]) for finding in report.findings],
    }
    return sarif.document([run])


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.slug.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.rationale},
        "help": {"text": rule.fix, "markdown": f"{rule.rationale}\n\n**Fix:** {rule.fix}"},
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    rule, place, failed = finding.rule, finding.place, finding.verdict is Verdict.FAIL
    result = sarif.result(
        rule.id,
        f"{finding.item}: {finding.message}. {rule.fix}",
        level=str(rule.severity) if failed else "none",
        path=None if place is None else place.file.as_posix(),
        line=None if place is None else place.line,
    )
    result["ruleIndex"] = index
    result["kind"] = "fail" if failed else "open"
    result["partialFingerprints"] = {"homelab/v1": f"{rule.id}:{finding.item}"}
    if finding.waiver is not None:
        result["suppressions"] = [{"kind": "external", "justification": finding.waiver.reason}]
    return result
