"""`homelab policy`: the rules, what they say, and why they are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from homelab.cli import options
from homelab.cli.output import emit, emit_document
from homelab.escaping import json_text
from homelab.policy import PolicyReport, Rule
from homelab.policy.extensions import all_rules, rule_named
from homelab.policy.formats import to_github, to_json, to_junit, to_lines, to_sarif
from homelab.settings import load

DOCUMENTS: Mapping[str, Callable[[PolicyReport], str]] = {
    "json": lambda report: json_text(to_json(report)),
    "sarif": lambda report: json_text(to_sarif(report)),
    "junit": lambda report: to_junit(report).rstrip("\n"),
    "github": lambda report: "\n".join(to_github(report)),
}
"""The formats for programs."""


@click.command()
@options.project
@click.option("--rule", "names", multiple=True, metavar="ID", help="Ask only this; repeatable.")
@click.option("--explain", metavar="ID", help="Say why a rule is there, and how to keep it.")
@click.option("--list", "listing", is_flag=True, help="Print every rule.")
@click.option(
    "--plan",
    "plan_file",
    type=options.EXISTING_FILE,
    help="Judge this plan (what `terraform show -json` prints) instead of the tree alone.",
)
@options.allow_delete
@options.strict
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", *DOCUMENTS]),
    default="text",
    show_default=True,
    help="How to print what was found.",
)
def policy(
    project: Path | None,
    *,
    names: tuple[str, ...],
    explain: str | None,
    listing: bool,
    plan_file: Path | None,
    allow_delete: tuple[str, ...],
    strict: bool,
    form: str,
) -> int:
    """Judge terraform/ without starting anything; exit code 1 when a rule of severity error fails."""
    from homelab.operations.review.judge import judge

    settings = load(project)
    rules = all_rules(settings.project)
    if explain is not None:
        emit(*_explained(rule_named(rules, explain)))
        return 0
    if listing:
        emit(*(f"{one.id}  {one.severity:7}  {one.slug:28}  {one.summary}" for one in rules))
        return 0
    chosen = tuple(rule_named(rules, name) for name in names) or rules
    report = judge(settings, rules=chosen, plan=plan_file, may_lose=allow_delete)
    if form in DOCUMENTS:
        emit_document(DOCUMENTS[form](report))
    else:
        emit(*to_lines(report))
    return 0 if report.passes(strict=strict) else 1


def _explained(rule: Rule) -> tuple[str, ...]:
    when = "plans" if rule.needs_plan else "the tree and plans"
    return (
        f"{rule.id} {rule.slug} ({rule.severity}; judges {when})",
        rule.summary,
        "",
        f"why: {rule.rationale}",
        f"fix: {rule.fix}",
        f"waive: [[policy.waivers]] in homelab.toml with rule = {rule.id!r}, item, reason, expires",
    )
