"""The root module's input variables: defaults, tfvars files, and what the caller gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from homelab.model.hcl.entries import Defaults
from homelab.model.hcl.files import HclFile, HclSyntaxError, read_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_NEEDED = {"node": "target_node", "storage": "storage", "template": "template"}


def defaults_from(
    directory: Path, files: Sequence[HclFile], given: Mapping[str, str], problems: list[str]
) -> Defaults:
    """What the variables say, with the precedence that Terraform gives them.

    A variable without a value becomes a problem, and an empty string.
    """
    declared: dict[str, Any] = {}
    for file in files:
        declared.update(file.values.get("variable", {}))
    values = {
        name: body["default"] for name, body in declared.items() if body.get("default") is not None
    }
    for source, assigned in (*_tfvars(directory, problems), ("the given variables", given)):
        for name, value in assigned.items():
            if name in declared:
                values[name] = value
            else:
                problems.append(f"{source}: no variable {name!r} is declared in {directory}")
    found = {}
    for field, name in _NEEDED.items():
        value = values.get(name)
        if not isinstance(value, str) or not value:
            problems.append(f"{directory}: variable {name!r} has no value that is a string")
        found[field] = str(value or "")
    return Defaults(**found)


def _tfvars(directory: Path, problems: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    paths = [
        directory / "terraform.tfvars",
        directory / "terraform.tfvars.json",
        *sorted([*directory.glob("*.auto.tfvars"), *directory.glob("*.auto.tfvars.json")]),
    ]
    for path in paths:
        if not path.is_file():
            continue
        if path.suffix == ".json":
            try:
                values = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as exc:
                problems.append(f"{path}: not JSON: {exc}")
                continue
            if not isinstance(values, dict):
                problems.append(f"{path}: must be an object of variables")
                continue
        else:
            try:
                file = read_file(path)
            except HclSyntaxError as exc:
                problems.extend(exc.problems)
                continue
            problems.extend(file.duplicates())
            values = file.values
        yield str(path), values
