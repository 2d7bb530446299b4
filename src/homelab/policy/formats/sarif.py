"""A policy report as SARIF 2.1.0, which code scanning reads."""

from __future__ import annotations

from typing import Any

from homelab.policy.report import Finding, PolicyReport
from homelab.policy.rule import Rule, Verdict

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_sarif(report: PolicyReport) -> dict[str, Any]:
    """One run: the rules with their help, and a result for each finding."""
    indexes = {rule.id: index for index, rule in enumerate(report.rules)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "homelab policy",
                        "rules": [_rule(rule) for rule in report.rules],
                    }
                },
                "columnKind": "utf16CodeUnits",
                "results": [
                    _result(finding, indexes[finding.rule.id]) for finding in report.findings
                ],
            }
        ],
    }


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
    failed = finding.verdict is Verdict.FAIL
    result: dict[str, Any] = {
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "kind": "fail" if failed else "open",
        "level": str(finding.rule.severity) if failed else "none",
        "message": {"text": f"{finding.item}: {finding.message}. {finding.rule.fix}"},
        "partialFingerprints": {"homelab/v1": f"{finding.rule.id}:{finding.item}"},
    }
    if finding.place is not None:
        result["locations"] = [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": finding.place.file.as_posix()},
                    "region": {"startLine": finding.place.line},
                }
            }
        ]
    if finding.waiver is not None:
        result["suppressions"] = [{"kind": "external", "justification": finding.waiver.reason}]
    return result
