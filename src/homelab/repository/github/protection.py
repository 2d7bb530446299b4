"""Whether GitHub protects the repository as .github/rulesets and .github/environments say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from homelab.clients.github import GitHub
from homelab.errors import ConfigurationError

RULESETS = ".github/rulesets"
ENVIRONMENTS = ".github/environments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs, and what the token may not see."""

    differences: tuple[str, ...]
    not_compared: tuple[str, ...]


def compare(client: GitHub, project: Path) -> Comparison:
    """What GitHub has that is not declared, and what is declared that GitHub has not.

    Fields that only GitHub fills in (ids, dates, links) are not compared. A token without
    administration rights does not see who may bypass a ruleset; that is then said.

    Raises:
        ConfigurationError: a declaration is not JSON, or nothing is declared.
        GitHubError: GitHub refused to tell.
    """
    rulesets = _declared(project / RULESETS)
    environments = _declared(project / ENVIRONMENTS)
    if not rulesets:
        raise ConfigurationError(f"no ruleset is declared in {project / RULESETS}")
    live = {str(ruleset["name"]): ruleset for ruleset in client.rulesets()}
    found = [
        f"ruleset {name!r}: is on GitHub, and not declared"
        for name in sorted(live.keys() - rulesets.keys())
    ]
    unseen: list[str] = []
    for name, wanted in rulesets.items():
        if name not in live:
            found.append(f"ruleset {name!r}: is declared, and not on GitHub")
            continue
        if "bypass_actors" in wanted and "bypass_actors" not in live[name]:
            unseen.append(f"ruleset {name!r}: who may bypass it (only administrators see that)")
        found += _ruleset(f"ruleset {name!r}", wanted, live[name])
    for name, wanted in environments.items():
        there = client.environment(name)
        if there is None:
            found.append(f"environment {name!r}: is declared, and not on GitHub")
            continue
        found += _environment(f"environment {name!r}", wanted, there)
    return Comparison(differences=tuple(found), not_compared=tuple(unseen))


def _declared(directory: Path) -> dict[str, dict[str, Any]]:
    declared = {}
    for path in sorted(directory.glob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            declared[str(document["name"])] = document
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"{path} is not a JSON object with a name") from error
    return declared


def _ruleset(what: str, wanted: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[str]:
    rules = {str(rule["type"]): rule.get("parameters", {}) for rule in wanted["rules"]}
    present = {str(rule["type"]): rule.get("parameters", {}) for rule in there.get("rules", ())}
    for kind in sorted(present.keys() - rules.keys()):
        yield f"{what}: rule {kind} is on GitHub, and not declared"
    for kind, parameters in rules.items():
        if kind not in present:
            yield f"{what}: rule {kind} is declared, and not on GitHub"
        else:
            yield from _fields(f"{what}, rule {kind}", parameters, present[kind])
    rest = {key: value for key, value in wanted.items() if key not in {"rules", "name"}}
    if "bypass_actors" not in there:
        rest.pop("bypass_actors", None)
    yield from _fields(what, rest, there)


def _environment(what: str, wanted: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[str]:
    rules = {str(rule["type"]): rule for rule in there.get("protection_rules", ())}
    reviewers = rules.get("required_reviewers", {})
    seen = {
        "reviewers": sorted(
            str(entry["reviewer"].get("login") or entry["reviewer"].get("slug"))
            for entry in reviewers.get("reviewers", ())
        ),
        "prevent_self_review": reviewers.get("prevent_self_review", False),
        "wait_timer": rules.get("wait_timer", {}).get("wait_timer", 0),
        "deployment_branch_policy": there.get("deployment_branch_policy"),
    }
    least = int(wanted.get("reviewers_at_least", 0))
    if len(seen["reviewers"]) < least:
        yield f"{what}: has {len(seen['reviewers'])} reviewers, and {least} are declared as the least"
    known = {key: value for key, value in wanted.items() if key in seen}
    yield from _fields(what, known, seen)


def _fields(what: str, wanted: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[str]:
    for key, value in wanted.items():
        seen = there.get(key)
        if _normal(seen) != _normal(value):
            yield f"{what}: {key} is {json.dumps(seen)}, and {json.dumps(value)} is declared"


def _normal(value: Any) -> Any:
    """A value without regard to the order of lists, and without what GitHub adds to entries."""
    if isinstance(value, Mapping):
        return {key: _normal(item) for key, item in value.items() if item is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return sorted((_normal(item) for item in value), key=partial(json.dumps, sort_keys=True))
    return value
