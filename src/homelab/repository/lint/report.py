"""What all tools said, as a value, and its forms for programs: SARIF 2.1.0 and JUnit XML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from homelab import sarif
from homelab.errors import HomelabError
from homelab.junit import Case, Suite, to_xml
from homelab.repository.lint.finding import Finding
from homelab.wording import counted


class FindingsError(HomelabError):
    """A tool found something; `report` has all of it."""

    def __init__(self, report: ScanReport) -> None:
        self.report = report
        listing = "".join(
            f"\n  {result.tool}: {finding}"
            for result in report.results
            for finding in result.findings
        )
        super().__init__(
            f"{counted(len(report.findings), 'finding')}:{listing}",
            hint="put these right; build/lint.sarif has them too",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """How one tool ended."""

    tool: str
    looks_at: str
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    not_checked: str | None = None
    """Why it said nothing, where it could not be asked."""

    @property
    def headline(self) -> str:
        if self.not_checked is not None:
            return f"not checked: {self.not_checked}"
        return f"{len(self.findings)} findings" if self.findings else "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """All tools' results, in the table's order."""

    results: tuple[ToolResult, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for result in self.results for finding in result.findings)

    def raise_for_findings(self) -> None:
        """Turn findings into an error.

        Raises:
            FindingsError: there is at least one.
        """
        if self.findings:
            raise FindingsError(self)

    def lines(self) -> Iterable[str]:
        """One line for each tool."""
        for result in self.results:
            seconds = "        " if result.not_checked else f"{result.seconds:6.1f} s"
            yield f"{result.tool:14} {seconds}  {result.looks_at}: {result.headline}"

    def to_sarif(self) -> dict[str, Any]:
        """One run for each tool that was asked."""
        asked = [result for result in self.results if result.not_checked is None]
        return sarif.document([_run(result) for result in asked])

    def to_junit(self) -> str:
        """A suite for each tool, a case for each finding, or one for the tool."""
        suites = [_suite(result) for result in self.results]
        return to_xml("homelab lint", suites, seconds=sum(suite.seconds for suite in suites))


def _run(result: ToolResult) -> dict[str, Any]:
    rules = sorted({finding.rule for finding in result.findings})
    return {
        "tool": sarif.tool(result.tool, [{"id": rule} for rule in rules]),
        "automationDetails": {"id": f"homelab-lint/{result.tool}"},
        "results": [
            sarif.result(
                found.rule,
                found.message,
                level=found.level,
                path=found.path or ".",
                line=found.line,
            )
            for found in result.findings
        ],
    }


def _suite(result: ToolResult) -> Suite:
    found = [
        Case(name=f"{finding.rule} {finding.place}", failure=str(finding), headline=finding.message)
        for finding in result.findings
    ]
    whole = Case(name=result.looks_at, skipped=result.not_checked)
    return Suite(name=result.tool, cases=found or [whole], seconds=result.seconds)
