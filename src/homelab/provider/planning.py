"""What Terraform is told that a resource will look like: defaults, unknowns, and replacements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from tf.types import Unknown

from homelab.provider.fields import Field, Group, Layout, Nesting, State

AttributePath: TypeAlias = list[str | tuple[str | int]]
"""A path in the framework's form: names, and indexes as one-tuples."""


def plan(layout: Layout, prior: State | None, proposed: State) -> tuple[State, list[AttributePath]]:
    """The planned state, and the paths whose change replaces the resource.

    A computed value that nothing sets is unknown when the thing that has it is new. A value that
    means the same as the prior one stays the prior one, so that spelling is no change.
    """
    planned = _fields(layout.fields, prior, proposed)
    replaced: list[AttributePath] = [
        [field.name] for field in layout.fields if _replaces(field, prior, planned)
    ]
    for group in layout.groups:
        value = proposed.get(group.name)
        if value is Unknown or value is None or group.nesting is Nesting.SINGLE:
            planned[group.name] = value
            continue
        old = _elements(prior, group)
        planned[group.name] = elements = [
            element if element is Unknown else _fields(group.fields, before, element)
            for element, before in zip(value, _paired(group, old, value), strict=True)
        ]
        for index, element in enumerate(elements):
            before = old[index] if index < len(old) else None
            if element is Unknown or group.nesting is not Nesting.LIST:
                continue
            replaced.extend(
                [group.name, (index,), field.name]
                for field in group.fields
                if _replaces(field, before, element)
            )
    return planned, replaced


def _elements(state: State | None, group: Group) -> Sequence[State]:
    return (state or {}).get(group.name) or []


def _paired(group: Group, old: Sequence[State], new: Sequence[Any]) -> list[State | None]:
    """The prior element of each new one: by position in a list, the only one in a set of one."""
    if group.nesting is Nesting.SET and group.max_items != 1:
        return [None] * len(new)
    return [old[index] if index < len(old) else None for index in range(len(new))]


def _fields(fields: Sequence[Field], prior: State | None, proposed: State) -> State:
    planned: State = {}
    for field in fields:
        value = proposed.get(field.name)
        if value is None and field.default is not None:
            value = field.default
        if value is None and field.computed and prior is None:
            value = Unknown
        if prior is not None and value is not Unknown:
            before = prior.get(field.name)
            if field.same(before, value):
                value = before
        planned[field.name] = value
    return planned


def _replaces(field: Field, prior: State | None, planned: State) -> bool:
    if not field.replaces or prior is None:
        return False
    value = planned[field.name]
    return value is Unknown or not field.same(prior.get(field.name), value)
