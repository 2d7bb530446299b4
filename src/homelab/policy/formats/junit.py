"""A policy report as JUnit XML: a case for each rule."""

from __future__ import annotations

from homelab.junit import Case, Suite, to_xml
from homelab.policy.report import PolicyReport
from homelab.policy.rule import Rule, Verdict


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
            failed = [f for f in own if f.verdict is Verdict.FAIL and f.waiver is None]
            text = "\n".join((*map(str, failed), f"fix: {rule.fix}"))
            return Case(name=name, failure=text, headline=rule.summary)
        case Verdict.UNKNOWN:
            items = ", ".join(dict.fromkeys(finding.item for finding in own))
            return Case(name=name, skipped=f"not known yet: {items}")
        case Verdict.PASS:
            return Case(name=name)
