"""SARIF 2.1.0, which code scanning reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from homelab.escaping import one_line, sarif_message

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def document(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The runs of tools, each with `tool` and `results`, as one document."""
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": list(runs)}


def tool(name: str, rules: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Who found something, and by which rules, each with its `id`."""
    return {"driver": {"name": one_line(name), "rules": list(rules)}}


def result(
    rule: str, message: str, *, level: str, path: str | None, line: int | None
) -> dict[str, Any]:
    """One finding, with its place where it has one; lines count from 1."""
    made: dict[str, Any] = {
        "ruleId": one_line(rule),
        "level": level,
        "message": {"text": sarif_message(message)},
    }
    if path is not None:
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(one_line(path))}}
        if line is not None:
            place["region"] = {"startLine": max(line, 1)}
        made["locations"] = [{"physicalLocation": place}]
    return made
