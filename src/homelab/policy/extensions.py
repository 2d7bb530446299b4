"""Rules of others: from installed packages, and from the project's folder `policy/`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from homelab.errors import ConfigurationError
from homelab.policy.rule import Rule
from homelab.policy.rules import RULES
from homelab.policy.waivers import META

GROUP = "homelab.policy"
FOLDER = "policy"
_ID = re.compile(r"[A-Z]{2,8}[0-9]{3,4}")
_OURS = "HL"


def all_rules(project: Path | None = None) -> tuple[Rule, ...]:
    """The built-in rules, those of installed packages, and those of a project's `policy/*.py`.

    An entry point of the group `homelab.policy` names a `Rule` or several; a file of the folder
    has them as `RULE` or `RULES`.

    Raises:
        ConfigurationError: something there is no rule, or an id is taken.
    """
    found = list(RULES)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        where = f"entry point {GROUP}:{entry.name}"
        try:
            loaded = entry.load()
        except (ImportError, AttributeError) as error:
            raise ConfigurationError(f"{where} can't be loaded: {error}") from error
        found += _checked(loaded, where, found)
    folder = None if project is None else project / FOLDER
    for path in sorted(folder.glob("*.py")) if folder is not None and folder.is_dir() else ():
        found += _checked(_from_file(path), str(path), found)
    return tuple(found)


def rule_named(rules: Iterable[Rule], name: str) -> Rule:
    """The rule of that id or slug.

    Raises:
        ConfigurationError: there is none.
    """
    for rule in (*rules, *META):
        if name.lower() in {rule.id.lower(), rule.slug}:
            return rule
    raise ConfigurationError(
        f"there is no rule {name!r}", hint="'homelab policy --list' prints all of them"
    )


def _from_file(path: Path) -> Any:
    spec = spec_from_file_location(f"homelab_policy_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} can't be read as Python")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, NameError, AttributeError, TypeError) as error:
        raise ConfigurationError(f"{path} can't be loaded: {error}") from error
    rules = getattr(module, "RULES", getattr(module, "RULE", None))
    if rules is None:
        raise ConfigurationError(f"{path} has neither RULE nor RULES")
    return rules


def _checked(loaded: Any, where: str, known: Iterable[Rule]) -> tuple[Rule, ...]:
    rules = (loaded,) if isinstance(loaded, Rule) else loaded
    if not isinstance(rules, tuple | list) or not all(isinstance(rule, Rule) for rule in rules):
        raise ConfigurationError(f"{where} is no Rule of homelab.policy, and no tuple of them")
    taken = {rule.id for rule in (*known, *META)} | {rule.slug for rule in (*known, *META)}
    for rule in rules:
        if not _ID.fullmatch(rule.id) or rule.id.startswith(_OURS):
            raise ConfigurationError(
                f"{where}: the rule's id {rule.id!r} must be capitals and digits such as ORG001;"
                f" {_OURS} is taken"
            )
        if {rule.id, rule.slug} & taken:
            raise ConfigurationError(f"{where}: {rule.id} {rule.slug} is the name of another rule")
        taken |= {rule.id, rule.slug}
    return tuple(rules)
