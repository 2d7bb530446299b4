"""What a Terraform module takes and gives: its variables and outputs, read from HCL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, Literal

from homelab.errors import TopologyError
from homelab.model.hcl.files import HclFile, HclSyntaxError, read_file
from homelab.model.hcl.tree import Block
from homelab.model.values import Value


class Variable(Value):
    """An input of a module."""

    name: str
    description: str
    type: str
    """As it is written, over several lines where it is an object."""
    default: str | None
    """As JSON; None where a value must be given."""
    rules: tuple[str, ...]
    """What its validations say when they fail."""


class Output(Value):
    """An output of a module."""

    name: str
    description: str
    sensitive: bool


class Module(Value):
    """A module's interface, names in alphabetic order."""

    name: str
    variables: tuple[Variable, ...]
    outputs: tuple[Output, ...]
    resources: tuple[str, ...]
    """Types of the resources that it makes."""


def read_module(directory: Path) -> Module:
    """The interface that the HCL files of one directory declare.

    Raises:
        TopologyError: a file is not HCL.
    """
    try:
        files = [read_file(path) for path in sorted(directory.glob("*.tf"))]
    except HclSyntaxError as error:
        raise TopologyError(error.problems) from error
    variables = (_variable(file, block) for file, block in _blocks(files, "variable"))
    outputs = (_output(file, block) for file, block in _blocks(files, "output"))
    resources = {block.labels[0] for _, block in _blocks(files, "resource")}
    return Module(
        name=directory.name,
        variables=tuple(sorted(variables, key=lambda variable: variable.name)),
        outputs=tuple(sorted(outputs, key=lambda output: output.name)),
        resources=tuple(sorted(resources)),
    )


def _blocks(
    files: list[HclFile], kind: Literal["variable", "output", "resource"]
) -> Iterator[tuple[HclFile, Block]]:
    for file in files:
        for block in file.blocks:
            if block.type == kind:
                yield file, block


def _variable(file: HclFile, block: Block) -> Variable:
    name = block.labels[0]
    body: dict[str, Any] = file.values["variable"][name]
    lines = {entry.key: entry.line for entry in block.body.entries}
    validations = body.get("validation", [])
    if not isinstance(validations, list):
        validations = [validations]
    return Variable(
        name=name,
        description=body.get("description", ""),
        type=_written(file.path, lines["type"]) if "type" in lines else "any",
        default=json.dumps(body["default"]) if "default" in lines else None,
        rules=tuple(str(validation["error_message"]) for validation in validations),
    )


def _output(file: HclFile, block: Block) -> Output:
    name = block.labels[0]
    body: dict[str, Any] = file.values["output"][name]
    return Output(
        name=name,
        description=body.get("description", ""),
        sensitive=bool(body.get("sensitive", False)),
    )


def _written(path: Path, line: int) -> str:
    """The expression that begins on a line, to where its brackets close."""
    lines = path.read_text(encoding="utf-8").splitlines()[line - 1 :]
    first = lines[0].partition("=")[2].strip()
    depth = _depth(first)
    rest: list[str] = []
    for text in lines[1:]:
        if depth <= 0:
            break
        rest.append(text)
        depth += _depth(text)
    return "\n".join((first, *dedent("\n".join(rest)).splitlines()))


def _depth(text: str) -> int:
    """How many brackets a line opens more than it closes."""
    return sum(text.count(mark) for mark in "([{") - sum(text.count(mark) for mark in ")]}")
