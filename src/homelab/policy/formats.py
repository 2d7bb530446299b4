"""A policy report for people, for programs, and for GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from homelab import sarif
from homelab.escaping import one_line, workflow_command
from homelab.junit import Case, Suite, to_xml
from homelab.policy.report import Finding, PolicyReport
from homelab.policy.rule import Rule, Verdict
from homelab.wording import some_of


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
        shown = some_of(items, 5)
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
        "findings": [_finding_json(finding) for finding in report.findings],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    waiver = finding.waiver
    return {
        "rule": finding.rule.id,
        "slug": finding.rule.slug,
        "severity": str(finding.rule.severity),
        "verdict": str(finding.verdict),
        "item": finding.item,
        "message": finding.message,
        "fix": finding.rule.fix,
        "file": finding.place and finding.place.file.as_posix(),
        "line": finding.place and finding.place.line,
        "waiver": waiver and {"reason": waiver.reason, "expires": waiver.expires.isoformat()},
    }


def to_github(report: PolicyReport) -> tuple[str, ...]:
    """One `::error` or `::warning` for each finding that is not waived."""
    lines = []
    for finding in (*report.violations, *report.warnings):
        rule = finding.rule
        properties = {}
        if finding.place is not None:
            properties = {"file": finding.place.file.as_posix(), "line": str(finding.place.line)}
        properties["title"] = f"{rule.id} {rule.slug}"
        text = f"{finding.item}: {finding.message}\nFix: {rule.fix}"
        lines.append(workflow_command(str(rule.severity), text, properties))
    return tuple(lines)


def to_junit(report: PolicyReport) -> str:
    """A failure for each rule that is broken, a skip for one that can't decide yet."""
    cases = [_case(report, rule) for rule in report.rules]
    suite = Suite(name="policy", cases=cases, seconds=report.seconds)
    return to_xml("homelab policy", [suite], seconds=report.seconds)


def _case(report: PolicyReport, rule: Rule) -> Case:
    name = f"{rule.id} {rule.slug}"
    own = [finding for finding in report.findings if finding.rule.id == rule.id]
    match report.verdicts[rule.id]:
        case Verdict.FAIL:
            failed = (str(finding) for finding in own if finding.is_open)
            text = "\n".join((*failed, f"fix: {rule.fix}"))
            return Case(name=name, failure=text, headline=rule.summary)
        case Verdict.UNKNOWN:
            items = ", ".join(dict.fromkeys(finding.item for finding in own))
            return Case(name=name, skipped=f"not known yet: {items}")
        case Verdict.PASS:
            return Case(name=name)


def to_sarif(report: PolicyReport) -> dict[str, Any]:
    """One run: the rules with their help, and a result for each finding."""
    indexes = {rule.id: index for index, rule in enumerate(report.rules)}
    run = {
        "tool": sarif.tool("homelab policy", [_sarif_rule(rule) for rule in report.rules]),
        "columnKind": "utf16CodeUnits",
        "results": [
            _sarif_result(finding, indexes[finding.rule.id]) for finding in report.findings
        ],
    }
    return sarif.document([run])


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.slug.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.rationale},
        "help": {"text": rule.fix, "markdown": f"{rule.rationale}\n\n**Fix:** {rule.fix}"},
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _sarif_result(finding: Finding, index: int) -> dict[str, Any]:
    rule, place, failed = finding.rule, finding.place, finding.verdict is Verdict.FAIL
    result = sarif.result(
        rule.id,
        f"{finding.item}: {finding.message}. {rule.fix}",
        level=str(rule.severity) if failed else "none",
        path=place.file.as_posix() if place else None,
        line=place.line if place else None,
    )
    result["ruleIndex"] = index
    result["kind"] = "fail" if failed else "open"
    result["partialFingerprints"] = {"homelab/v1": one_line(f"{rule.id}:{finding.item}")}
    if finding.waiver is not None:
        result["suppressions"] = [
            {"kind": "external", "justification": one_line(finding.waiver.reason)}
        ]
    return result
