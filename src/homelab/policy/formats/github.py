"""A policy report as GitHub's workflow commands, which annotate the lines of a pull request."""

from __future__ import annotations

from homelab.policy.report import PolicyReport


def to_github(report: PolicyReport) -> tuple[str, ...]:
    """One `::error` or `::warning` for each finding that is not waived."""
    lines = []
    for finding in (*report.violations, *report.warnings):
        rule = finding.rule
        properties = {}
        if finding.place is not None:
            properties = {"file": finding.place.file.as_posix(), "line": str(finding.place.line)}
        properties["title"] = f"{rule.id} {rule.slug}"
        parts = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
        text = f"{finding.item}: {finding.message}\nFix: {rule.fix}"
        lines.append(f"::{rule.severity} {parts}::{_data(text)}")
    return tuple(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
