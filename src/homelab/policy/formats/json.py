"""A policy report for programs."""

from __future__ import annotations

from typing import Any

from homelab.policy.report import Finding, PolicyReport


def to_json(report: PolicyReport) -> dict[str, Any]:
    """Rules with their verdicts, and findings; `schema` grows when a field changes its meaning."""
    return {
        "schema": 1,
        "ok": report.is_ok,
        "headline": report.headline,
        "seconds": round(report.seconds, 4),
        "rules": [
            {
                "id": rule.id,
                "slug": rule.slug,
                "severity": str(rule.severity),
                "verdict": str(report.verdicts[rule.id]),
                "summary": rule.summary,
            }
            for rule in report.rules
        ],
        "skipped": [rule.id for rule in report.skipped],
        "findings": [_finding(finding) for finding in report.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    place, waiver = finding.place, finding.waiver
    return {
        "rule": finding.rule.id,
        "slug": finding.rule.slug,
        "severity": str(finding.rule.severity),
        "verdict": str(finding.verdict),
        "item": finding.item,
        "message": finding.message,
        "fix": finding.rule.fix,
        "file": None if place is None else place.file.as_posix(),
        "line": None if place is None else place.line,
        "waiver": None
        if waiver is None
        else {"reason": waiver.reason, "expires": waiver.expires.isoformat()},
    }
