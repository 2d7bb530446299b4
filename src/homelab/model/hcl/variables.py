"""What the root module's *.tfvars files give to its variables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from homelab.model.hcl.files import HclSyntaxError, read_file


def assignments(directory: Path, problems: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each file that Terraform reads by itself with its values, the later ones winning."""
    paths = [
        directory / "terraform.tfvars",
        directory / "terraform.tfvars.json",
        *sorted([*directory.glob("*.auto.tfvars"), *directory.glob("*.auto.tfvars.json")]),
    ]
    for path in paths:
        if not path.is_file():
            continue
        values = _json(path, problems) if path.suffix == ".json" else _hcl(path, problems)
        if values is not None:
            yield str(path), values


def _json(path: Path, problems: list[str]) -> Mapping[str, Any] | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        problems.append(f"{path}: not JSON: {error}")
        return None
    if not isinstance(values, dict):
        problems.append(f"{path}: must be an object of variables")
        return None
    return values


def _hcl(path: Path, problems: list[str]) -> Mapping[str, Any] | None:
    try:
        file = read_file(path)
    except HclSyntaxError as error:
        problems.extend(error.problems)
        return None
    problems.extend(file.duplicates())
    return file.values
