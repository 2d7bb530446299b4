"""What all rules said about a plan, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from homelab.errors import HomelabError
from homelab.model.hcl import SourceLine
from homelab.policy.rule import Rule, Severity, Verdict
from homelab.policy.waivers import Waiver
from homelab.wording import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One item that breaks a rule, or can't be judged by it."""

    rule: Rule
    verdict: Verdict
    item: str
    message: str
    place: SourceLine | None = None
    waiver: Waiver | None = None
    """The waiver that accepts it."""

    @property
    def is_open(self) -> bool:
        """Whether it fails, and nobody has accepted that."""
        return self.verdict is Verdict.FAIL and self.waiver is None

    @property
    def is_violation(self) -> bool:
        """Whether it stops a deploy."""
        return self.is_open and self.rule.severity is Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place is not None else ""
        return f"{where}{self.rule.id} {self.rule.slug}: {self.item}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReport:
    """The rules that were asked, their verdicts, and every finding in the order of the rules."""

    rules: tuple[Rule, ...]
    verdicts: Mapping[str, Verdict]
    """By rule id; a rule whose every failure is waived passes."""
    findings: tuple[Finding, ...]
    skipped: tuple[Rule, ...] = ()
    """Rules that judge changes, where there was no plan."""
    seconds: float = 0.0

    @property
    def violations(self) -> tuple[Finding, ...]:
        """What stops a deploy."""
        return tuple(finding for finding in self.findings if finding.is_violation)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What fails and does not stop a deploy."""
        return tuple(f for f in self.findings if f.is_open and not f.is_violation)

    @property
    def unknowns(self) -> tuple[Finding, ...]:
        """What can't be judged before the plan is applied."""
        return tuple(finding for finding in self.findings if finding.verdict is Verdict.UNKNOWN)

    @property
    def waived(self) -> tuple[Finding, ...]:
        """What is accepted for a while."""
        return tuple(finding for finding in self.findings if finding.waiver is not None)

    @property
    def is_ok(self) -> bool:
        """Whether nothing stops a deploy."""
        return not any(finding.is_violation for finding in self.findings)

    def passes(self, *, strict: bool) -> bool:
        """Whether nothing stops a deploy, and with `strict` nothing fails at all."""
        return self.is_ok and not (strict and self.warnings)

    @property
    def headline(self) -> str:
        """The counts in one line."""
        counts = (
            (len(self.violations), "violation"),
            (len(self.warnings), "warning"),
            (len(self.waived), "waived finding"),
        )
        said = [counted(count, word) for count, word in counts if count]
        unknown = sum(verdict is Verdict.UNKNOWN for verdict in self.verdicts.values())
        if unknown:
            said.append(f"{unknown} not decidable before the apply")
        return f"{len(self.rules)} rules: {', '.join(said) or 'all pass'}"

    def raise_for_violations(self) -> None:
        """Do nothing when nothing stops a deploy.

        Raises:
            PolicyViolationError: it carries this report.
        """
        if not self.is_ok:
            raise PolicyViolationError(self)


class PolicyViolationError(HomelabError):
    """A plan breaks rules of severity error; `report` has all findings."""

    def __init__(self, report: PolicyReport) -> None:
        self.report = report
        found = report.violations
        lines: list[str] = []
        for finding in found:
            lines += [f"  {finding}", f"    fix: {finding.rule.fix}"]
        super().__init__(
            "\n".join((f"{counted(len(found), 'violation')} of the policy:", *lines)),
            hint="'homelab policy --explain RULE' says why; a waiver goes into homelab.toml",
        )
