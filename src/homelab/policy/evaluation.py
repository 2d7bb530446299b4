"""Asking every rule, placing what it says, and applying waivers."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homelab.errors import HomelabError
from homelab.model.hcl import Declared, SourceLine, declared
from homelab.policy.capacity import Capacity
from homelab.policy.documents import subject_from_plan, subject_from_topology
from homelab.policy.garbage_pause import paused_collection
from homelab.policy.report import Finding, PolicyReport
from homelab.policy.rule import Observation, Rule, Verdict
from homelab.policy.rules import RULES
from homelab.policy.subject import Subject
from homelab.policy.trees import subject_from_tree
from homelab.policy.values import Where
from homelab.policy.waivers import EXPIRED, META, UNUSED, Waiver

if TYPE_CHECKING:
    from homelab.clients.terraform.plan import Plan
    from homelab.model import Topology

NO_CAPACITY = Capacity()


def evaluate(
    plan: Plan | Subject | Mapping[str, Any] | None,
    topology: Topology | None = None,
    *,
    directory: Path | str = "terraform",
    tree: Declared | None = None,
    rules: Sequence[Rule] = RULES,
    waivers: Sequence[Waiver] = (),
    capacity: Capacity = NO_CAPACITY,
    may_lose: Collection[str] | None = (),
    today: date | None = None,
) -> PolicyReport:
    """What the rules say about a plan and the topology that it leads to.

    `plan` is a `Plan`, what `terraform show -json` prints, or the subject that was made of it;
    without one the topology is judged. `directory` is where the plan's files are, for the places of
    findings, and `tree` what was read there already. `may_lose` names containers that may be
    deleted or replaced, and is None where any may (a lab).
    """
    begin = time.perf_counter()
    losable = None if may_lose is None else frozenset(may_lose)
    with paused_collection():
        if isinstance(plan, Subject):
            subject = plan
        elif isinstance(plan, Mapping):
            subject = subject_from_plan(plan, topology)
        elif plan is not None:
            subject = subject_from_plan(plan.document, topology, resources=plan.resources)
        elif topology is not None:
            subject = subject_from_topology(topology)
        else:
            raise ValueError("neither a plan nor a topology is given")
        subject = replace(subject, capacity=capacity, may_lose=losable)
        places = SourceLines(Path(directory) if tree is None else tree.directory, tree)
        return judge(subject, places=places, rules=rules, waivers=waivers, today=today, begin=begin)


def evaluate_tree(
    tree: Declared | Path | str,
    *,
    variables: Mapping[str, str] | None = None,
    rules: Sequence[Rule] = RULES,
    waivers: Sequence[Waiver] = (),
    capacity: Capacity = NO_CAPACITY,
    today: date | None = None,
) -> PolicyReport:
    """What the rules that need no plan say about a tree: its directory, or what was read there.

    Raises:
        ConfigurationError: it is no tree of ours.
        TopologyError: a file is not HCL.
    """
    begin = time.perf_counter()
    source = tree if isinstance(tree, Declared) else declared(Path(tree))
    subject = replace(subject_from_tree(source, variables or {}), capacity=capacity)
    places = SourceLines(source.directory, source)
    return judge(subject, places=places, rules=rules, waivers=waivers, today=today, begin=begin)


class SourceLines:
    """Where things stand in a tree; it is read when the first place is asked for."""

    def __init__(self, directory: Path, tree: Declared | None = None) -> None:
        self._directory = directory
        self._tree = tree
        self._is_read = tree is not None

    def find(self, where: Where) -> SourceLine | None:
        """A place with a path relative to the project; None when the tree can't be read."""
        if not self._is_read:
            self._is_read = True
            try:
                self._tree = declared(self._directory)
            except HomelabError:
                self._tree = None
        if self._tree is None or not where:
            return None
        place = self._tree.place(where)
        if place is None:
            return None
        root = self._directory.parent
        if place.file.is_relative_to(root):
            return SourceLine(place.file.relative_to(root), place.line)
        return place


def judge(
    subject: Subject,
    *,
    places: SourceLines,
    rules: Sequence[Rule],
    waivers: Sequence[Waiver] = (),
    today: date | None = None,
    begin: float | None = None,
) -> PolicyReport:
    """Ask every rule about a subject."""
    start = time.perf_counter() if begin is None else begin
    day = datetime.now(UTC).date() if today is None else today
    asked = tuple(rule for rule in rules if subject.changes is not None or not rule.needs_plan)
    skipped = tuple(rule for rule in rules if rule not in asked)
    accepted = _Accepted(waivers, day)
    findings: list[Finding] = []
    verdicts: dict[str, Verdict] = {}
    for rule in asked:
        own = [_finding(rule, seen, places, accepted) for seen in rule.check(subject)]
        findings += own
        verdicts[rule.id] = _verdict(own)
    for rule, about in accepted.about(skipped):
        findings += about
        verdicts[rule.id] = _verdict(about)
    return PolicyReport(
        rules=(*asked, *(META if waivers else ())),
        verdicts=verdicts,
        findings=tuple(findings),
        skipped=skipped,
        seconds=time.perf_counter() - start,
    )


def _finding(rule: Rule, seen: Observation, places: SourceLines, accepted: _Accepted) -> Finding:
    # The tree is read for what a person has to look at, not for each value that is not known yet.
    failed = seen.verdict is Verdict.FAIL
    return Finding(
        rule=rule,
        verdict=seen.verdict,
        item=seen.item,
        message=seen.message,
        place=places.find(seen.where) if failed else None,
        waiver=accepted.waiver(rule, seen.item) if failed else None,
    )


def _verdict(findings: Sequence[Finding]) -> Verdict:
    if any(finding.is_open for finding in findings):
        return Verdict.FAIL
    is_unknown = any(finding.verdict is Verdict.UNKNOWN for finding in findings)
    return Verdict.UNKNOWN if is_unknown else Verdict.PASS


class _Accepted:
    """The waivers, which of them were of use, and what is to be said about them."""

    def __init__(self, waivers: Sequence[Waiver], day: date) -> None:
        self._waivers = waivers
        self._day = day
        self._used: set[int] = set()

    def waiver(self, rule: Rule, item: str) -> Waiver | None:
        """The first waiver that accepts a finding."""
        found = None
        for index, waiver in enumerate(self._waivers):
            if waiver.covers(rule, item):
                self._used.add(index)
                if found is None and not waiver.has_expired(self._day):
                    found = waiver
        return found

    def about(self, skipped: Sequence[Rule]) -> tuple[tuple[Rule, list[Finding]], ...]:
        """What the rules about waivers find; those of rules that were not asked may rest."""
        if not self._waivers:
            return ()
        expired: list[Finding] = []
        unused: list[Finding] = []
        resting = {name for rule in skipped for name in (rule.id, rule.slug)}
        for index, waiver in enumerate(self._waivers):
            if waiver.has_expired(self._day):
                text = f"the waiver of {waiver.rule} expired on {waiver.expires}: {waiver.reason}"
                expired.append(_of_waiver(EXPIRED, waiver, text))
            if index not in self._used and waiver.rule not in resting:
                unused.append(
                    _of_waiver(UNUSED, waiver, f"the waiver of {waiver.rule} matches nothing")
                )
        return (EXPIRED, expired), (UNUSED, unused)


def _of_waiver(rule: Rule, waiver: Waiver, text: str) -> Finding:
    return Finding(
        rule=rule, verdict=Verdict.FAIL, item=waiver.item, message=text, place=waiver.place
    )
