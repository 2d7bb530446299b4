"""The policy on its own: a tree's files, or a plan that was written out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from homelab import policy
from homelab.errors import ConfigurationError
from homelab.model import Topology
from homelab.model.hcl import Declared
from homelab.policy import PolicyReport, Rule
from homelab.policy.configuration import capacity_of, waivers_of
from homelab.policy.contradictions import CONTRADICTIONS
from homelab.policy.garbage_pause import paused_collection
from homelab.settings import Settings

NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})


def judge(
    settings: Settings,
    *,
    rules: Sequence[Rule],
    tree: Declared | None = None,
    plan: Path | None = None,
    may_lose: Collection[str] = (),
) -> PolicyReport:
    """Judge terraform/ as it stands, or the plan in a file that `terraform show -json` wrote.

    `tree` is what was read of terraform/ already.

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
        return policy.evaluate_tree(
            tree or directory, rules=rules, waivers=waivers, capacity=capacity
        )
    return policy.evaluate(
        read_plan(plan),
        directory=directory,
        tree=tree,
        rules=rules,
        waivers=waivers,
        capacity=capacity,
        may_lose=may_lose,
    )


def require_coherent(
    settings: Settings, source: Declared | Topology, variables: Mapping[str, str] = NO_VARIABLES
) -> None:
    """Let a tree pass, or a topology that came from elsewhere, that does not contradict itself.

    Raises:
        PolicyViolationError: it does.
    """
    today = datetime.now(UTC).date()
    # One that has expired accepts nothing, and is the review's to tell.
    waivers = [
        waiver
        for waiver in waivers_of(settings.policy, settings.project)
        if not waiver.has_expired(today)
    ]
    if isinstance(source, Declared):
        judged = policy.evaluate_tree(
            source, variables=variables, rules=CONTRADICTIONS, waivers=waivers, today=today
        )
    else:
        directory = settings.project / "terraform"
        judged = policy.evaluate(
            None, source, directory=directory, rules=CONTRADICTIONS, waivers=waivers, today=today
        )
    judged.raise_for_violations()


def read_plan(path: Path) -> dict[str, object]:
    """What `terraform show -json` wrote to a file.

    Raises:
        ConfigurationError: it is something else.
    """
    import orjson

    hint = "write it with: terraform show -json PLAN > FILE"
    try:
        with paused_collection():
            document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ConfigurationError(f"{path} is not JSON: {error}", hint=hint) from error
    if not isinstance(document, dict) or "resource_changes" not in document:
        raise ConfigurationError(f"{path} holds no plan", hint=hint)
    return document
