"""The shape of a JSON reply: its keys and types without any of its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Shape = dict[str, Any]
"""`{"type": "object", "keys": {...}, "always": [...]}`, `{"type": "array", "item": ...}`, or a type."""


def shape_of(value: object) -> Shape:
    if isinstance(value, Mapping):
        keys = {str(key): shape_of(inner) for key, inner in value.items()}
        return {"type": "object", "keys": keys, "always": sorted(keys)}
    if isinstance(value, list):
        item: Shape | None = None
        for row in value:
            shape = shape_of(row)
            item = shape if item is None else merged(item, shape)
        return {"type": "array", "item": item}
    if value is None:
        return {"type": "null"}
    if isinstance(value, bool):
        return {"type": "boolean"}
    return {"type": "number" if isinstance(value, int | float) else "string"}


def merged(one: Shape, other: Shape) -> Shape:
    """The shape of what has either shape."""
    if one["type"] != other["type"]:
        return {"type": "any"}
    if one["type"] == "object":
        keys = {**one["keys"]}
        for name, shape in other["keys"].items():
            keys[name] = merged(keys[name], shape) if name in keys else shape
        return {
            "type": "object",
            "keys": keys,
            "always": sorted(set(one["always"]) & set(other["always"])),
        }
    if one["type"] == "array" and one["item"] and other["item"]:
        return {"type": "array", "item": merged(one["item"], other["item"])}
    return one if one.get("item") else other


def differences(recorded: Shape, found: Shape, where: str = "") -> list[str]:
    """Where a reply has not what a recorded one always had; more than that is no difference."""
    kind, ours = recorded["type"], found["type"]
    if "any" in {kind, ours} or (kind == "null" and where):
        return []
    if kind != ours:
        return [f"{where or 'the reply'} is {ours}, and was {kind}"]
    if kind == "array":
        if not recorded["item"] or not found["item"]:
            return []
        return differences(recorded["item"], found["item"], f"{where}[]")
    if kind != "object":
        return []
    problems = [
        f"{where}.{name} is missing" for name in recorded["always"] if name not in found["keys"]
    ]
    for name, shape in recorded["keys"].items():
        if name in found["keys"]:
            problems += differences(shape, found["keys"][name], f"{where}.{name}")
    return problems
