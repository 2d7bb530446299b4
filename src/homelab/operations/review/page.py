"""The page that a reviewer reads: Markdown for a pull request, lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from homelab.escaping import Markdown, markdown, markdown_block, markdown_code, markdown_row
from homelab.operations.review.budget import duration
from homelab.operations.review.items import ItemReview
from homelab.operations.review.preflight import Preflight, grouped
from homelab.operations.review.report import PlanReport
from homelab.operations.review.reviewed import Review
from homelab.policy.formats import to_lines
from homelab.policy.report import Finding, PolicyReport
from homelab.policy.rule import Verdict
from homelab.pve.guest_change import Impact
from homelab.wording import counted, some_of

_FEW = 6


def to_markdown(report: PlanReport, review: Review | None) -> str:
    """Counts and what stops the plan first, then one row a container, then the full diff, folded."""
    if review is None:
        return report.to_markdown()
    return "\n".join(_markdown(report, review)) + "\n"


def to_terminal(report: PlanReport, review: Review) -> tuple[str, ...]:
    """The same for a terminal: one block a container."""
    return tuple(_terminal(report, review))


def _markdown(report: PlanReport, review: Review) -> Iterator[str]:
    yield from (f"### Plan for {markdown_code(report.target)}: {report.headline}", "")
    yield from _verdict(report, review)
    if review.items and not _is_first(review):
        yield "| container | what happens | what changes | expected downtime, of its error budget | who needs it |"
        yield "|---|---|---|---|---|"
        for item in review.items:
            yield markdown_row(
                (
                    _bold(item.name),
                    _IMPACTS.get(item.impact, Markdown(item.impact)),
                    _why(item),
                    _downtime(item),
                    _names(item.dependents) or "nobody",
                )
            )
        yield ""
    elif review.items:
        made = len(review.items)
        yield from (f"{made} containers are made; none exists yet, so nothing is interrupted.", "")
    if review.losing:
        yield from ("#### Data that goes", "")
        for item in review.losing:
            word = "is detached" if item.action == "update" else "is deleted"
            for volume in item.data_at_risk:
                yield f"- {_bold(item.name)} {markdown(volume)} {word}"
        yield ""
    for title, rules in (("Ports that open", review.opened), ("Ports that close", review.closed)):
        if rules and not _is_first(review):
            yield from (f"#### {title}", "", *(f"- {markdown_code(rule)}" for rule in rules), "")
    if review.policy is not None:
        yield from _policy(review.policy)
    if review.preflight is not None:
        yield from _privileges(review.preflight)
    yield from _full(review)
    yield f"- provider: {markdown(report.provider)}"
    yield from (f"- not checked: {markdown(text)}" for text in report.not_checked)


def _verdict(report: PlanReport, review: Review) -> Iterator[str]:
    problems = []
    if review.policy is not None and not review.policy.is_ok:
        problems.append(f"{counted(len(review.policy.violations), 'violation')} of the policy")
    if review.strict and review.policy is not None and review.policy.warnings:
        warnings = counted(len(review.policy.warnings), "warning")
        problems.append(f"{warnings} of the policy (strict)")
    if review.preflight is not None and not review.preflight.is_ok:
        problems.append(f"{markdown(review.preflight.user)} lacks privileges")
    if problems:
        yield from (f"> **Not to be applied as it is:** {' and '.join(problems)}.", "")
    removed = [change.name for change in report.changes if change.removes and change.is_container]
    if removed and report.runtime is None:
        options = " ".join(f"--allow-delete {name}" for name in removed)
        command = markdown_code(f"homelab deploy {options}")
        yield from (f"> **Has to be named to be applied:** {command}", "")
    if review.losing:
        names = ", ".join(markdown(item.name) for item in review.losing)
        yield from (f"> **Data is lost or detached:** {names}.", "")


def _is_first(review: Review) -> bool:
    """Whether everything is new, so that a row for each container would say nothing."""
    return len(review.items) > 1 and all(item.impact is Impact.NEW for item in review.items)


_IMPACTS = {
    Impact.RESTART: Markdown(
        "changed; takes effect after a **restart**, which a deploy does not do"
    ),
    Impact.REBUILD: Markdown("**rebuilt**: removed and made anew"),
    Impact.GONE: Markdown("**removed**"),
    Impact.REFUSED: Markdown("**refused** by Proxmox VE"),
    Impact.STOP: Markdown("**stopped**"),
}


def _why(item: ItemReview) -> str:
    if item.action in {"create", "delete"}:
        wanted = ("vmid", "cores", "memory", "rootfs[0].size")
        side = "after" if item.action == "create" else "before"
        found = {one.name: getattr(one, side) for one in item.differences}
        return ", ".join(
            f"{name.removesuffix('[0].size')} {found[name]}" for name in wanted if name in found
        )
    shown = [str(one) for one in item.differences[:_FEW]]
    rest = len(item.differences) - _FEW
    return "; ".join((*shown, *((f"and {rest} more",) if rest > 0 else ())))


def _downtime(item: ItemReview) -> str:
    if item.impact in {Impact.GONE, Impact.STOP}:
        return "for good"
    if not item.downtime:
        return "none"
    text = f"about {duration(item.downtime)}"
    if item.budget:
        share = 100 * item.downtime / item.budget
        text += f" of {duration(item.budget)} ({item.slo:g} %): {share:.2g} %"
    if item.data_at_risk:
        text += ", and restoring its data"
    return text


def _policy(report: PolicyReport) -> Iterator[str]:
    yield from (f"#### Policy: {report.headline}", "")
    shown = (*report.violations, *report.warnings)
    if shown:
        yield from ("| | rule | where | what | fix |", "|---|---|---|---|---|")
        yield from (*map(_row, shown), "")
    for finding in report.waived:
        if finding.waiver is not None:
            yield (
                f"- waived until {finding.waiver.expires}: {finding.rule.id} "
                f"{markdown(finding.item)} ({markdown(finding.waiver.reason)})"
            )
    undecided = [rule for rule in report.rules if report.verdicts[rule.id] is Verdict.UNKNOWN]
    if undecided:
        names = ", ".join(f"{rule.id} {rule.slug}" for rule in undecided)
        yield f"- not decidable before the apply: {names}"
    if undecided or report.waived:
        yield ""


def _row(finding: Finding) -> str:
    place = "" if finding.place is None else markdown_code(str(finding.place))
    what = f"{finding.item}: {finding.message}"
    rule = finding.rule
    return markdown_row(
        (str(rule.severity), f"{rule.id} {rule.slug}", place, what, Markdown(rule.fix))
    )


def _privileges(found: Preflight) -> Iterator[str]:
    paths = len({need.paths[0] for need in found.needs})
    if found.is_ok:
        yield f"#### Privileges: {markdown(found.user)} has what this plan needs on {paths} paths"
    else:
        lacking = f"lacks {len(found.missing)} of {len(found.needs)}"
        yield from (f"#### Privileges: {markdown(found.user)} {lacking}", "")
        for path, names, items in grouped(found.missing):
            place, privileges = markdown_code(path), markdown(", ".join(names))
            yield f"- **missing on {place}:** {privileges}, for {_names(items)}"
        for line in found.root_only:
            yield f"- **root@pam alone:** {markdown(f'{line.item} {line.attribute}: {line.why}')}"
    yield ""
    if found.needs:
        yield from ("<details><summary>All privileges that this plan needs</summary>", "")
        yield from ("| on | privileges | for |", "|---|---|---|")
        for path, names, items in grouped(found.needs):
            yield markdown_row((markdown_code(path), ", ".join(names), _names(items)))
        yield from ("", "</details>", "")


def _full(review: Review) -> Iterator[str]:
    if not review.items and not review.others:
        return
    yield from ("<details><summary>Full difference</summary>", "")
    for item in review.items:
        yield from (f"{_bold(item.name)}: {item.action}, {item.impact}", "")
        if item.differences:
            yield from (*markdown_block(_diff(item), "diff"), "")
        if item.notes:
            yield from (*(f"- {markdown(note)}" for note in item.notes), "")
    for other in review.others:
        tail = "".join(f"; {markdown(str(one))}" for one in other.differences)
        yield f"- {other.action} {markdown_code(other.address)}{tail}"
    if review.others:
        yield ""
    yield from ("</details>", "")


def _diff(item: ItemReview) -> Iterator[str]:
    for one in item.differences:
        if item.action != "create":
            yield f"- {one.name} = {one.before}"
        if item.action != "delete":
            yield f"+ {one.name} = {one.after}"


def _terminal(report: PlanReport, review: Review) -> Iterator[str]:
    head, *rest = report.lines()
    yield head
    changed = {item.name for item in review.items}
    listed = [line for line in rest if line.startswith("  ")]
    yield from (line for line in listed if line.split()[-1] not in changed or _is_first(review))
    for item in () if _is_first(review) else review.items:
        yield f"  {item.name}: {item.impact}"
        if item.action in {"create", "delete"}:
            yield f"      {_why(item)}"
        else:
            yield from (f"      {one}" for one in item.differences)
        yield from (f"      {note}" for note in item.notes)
        if item.downtime or item.impact is Impact.GONE:
            yield f"      downtime: {_downtime(item)}"
        if item.dependents and item.impact is not Impact.HOT:
            yield f"      needed by: {', '.join(item.dependents)}"
        yield from (f"      DATA GOES: {volume}" for volume in item.data_at_risk)
    if not _is_first(review):
        yield from (f"  opens: {rule}" for rule in review.opened)
        yield from (f"  closes: {rule}" for rule in review.closed)
    if review.preflight is not None:
        found = review.preflight
        state = "all are there" if found.is_ok else f"{len(found.missing)} are missing"
        yield f"privileges: {len(found.needs)} needed by {found.user}, {state}"
        for path, names, items in grouped(found.missing):
            yield f"  missing on {path}: {', '.join(names)}, for {some_of(items, _FEW)}"
        for line in found.root_only:
            yield f"  root@pam alone: {line.item} {line.attribute}: {line.why}"
    if review.policy is not None:
        yield from to_lines(review.policy)
        if review.strict and review.policy.warnings:
            yield "  warnings count here (--strict): mend them, or waive them in homelab.toml"
    yield from (line for line in rest if not line.startswith("  "))


def _names(names: tuple[str, ...]) -> Markdown:
    return Markdown(some_of(tuple(map(markdown, names)), _FEW))


def _bold(name: str) -> Markdown:
    return Markdown(f"**{markdown(name)}**")
