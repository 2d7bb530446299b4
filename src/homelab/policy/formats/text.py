"""A policy report as lines for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from homelab.policy.report import Finding, PolicyReport
from homelab.policy.rule import Rule


def to_failures(report: PolicyReport) -> tuple[str, ...]:
    """What fails alone, whatever its severity, with its place and fix."""
    return tuple(_failures(report))


def to_lines(report: PolicyReport) -> tuple[str, ...]:
    """What fails with its place and fix, what is not known, what is waived; counts last."""
    return tuple(_lines(report))


def _failures(report: PolicyReport) -> Iterator[str]:
    for finding_set in (report.violations, report.warnings):
        for rule, findings in groupby(finding_set, key=lambda finding: finding.rule):
            yield from _failed(rule, list(findings))


def _lines(report: PolicyReport) -> Iterator[str]:
    yield from _failures(report)
    for rule, findings in groupby(report.unknowns, key=lambda finding: finding.rule):
        items = list(dict.fromkeys(finding.item for finding in findings))
        shown = ", ".join(items[:5]) + (f" and {len(items) - 5} more" if len(items) > 5 else "")
        yield f"unknown {rule.id} {rule.slug}: not decidable before the apply for {shown}"
    for finding in report.waived:
        waiver = finding.waiver
        if waiver is not None:
            yield (
                f"waived  {finding.rule.id} {finding.rule.slug}: {finding.item}: {finding.message}"
                f" (until {waiver.expires}: {waiver.reason})"
            )
    yield f"policy: {report.headline}"


def _failed(rule: Rule, findings: list[Finding]) -> Iterator[str]:
    yield f"{rule.severity:7} {rule.id} {rule.slug}: {rule.summary}"
    for finding in findings:
        where = f"{finding.place}: " if finding.place is not None else ""
        yield f"          {where}{finding.item}: {finding.message}"
    yield f"          fix: {rule.fix}"
