"""The policy on its own: a tree's files, or a plan that was written out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from homelab import policy
from homelab.errors import ConfigurationError
from homelab.policy import PolicyReport, Rule
from homelab.policy.configuration import capacity_of, waivers_of
from homelab.policy.garbage_pause import paused_collection
from homelab.settings import Settings


def judge(
    settings: Settings,
    *,
    rules: Sequence[Rule],
    plan: Path | None = None,
    may_lose: Collection[str] = (),
) -> PolicyReport:
    """Judge terraform/ as it stands, or the plan in a file that `terraform show -json` wrote.

    Raises:
        ConfigurationError: the file holds no plan.
        TopologyError: a file of the tree is not HCL.
    """
    directory = settings.project / "terraform"
    waivers = waivers_of(settings.policy, settings.project)
    if len(rules) < len(policy.RULES):
        waivers = tuple(w for w in waivers if any({w.rule} & {r.id, r.slug} for r in rules))
    capacity = capacity_of(settings.policy)
    if plan is None:
        return policy.evaluate_tree(directory, rules=rules, waivers=waivers, capacity=capacity)
    return policy.evaluate(
        read_plan(plan),
        directory=directory,
        rules=rules,
        waivers=waivers,
        capacity=capacity,
        may_lose=may_lose,
    )


def read_plan(path: Path) -> dict[str, object]:
    """What `terraform show -json` wrote to a file.

    Raises:
        ConfigurationError: it is something else.
    """
    import orjson

    try:
        with paused_collection():
            document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ConfigurationError(
            f"{path} is not JSON: {error}", hint="write it with: terraform show -json PLAN > FILE"
        ) from error
    if not isinstance(document, dict) or "resource_changes" not in document:
        raise ConfigurationError(
            f"{path} holds no plan", hint="write it with: terraform show -json PLAN > FILE"
        )
    return document
