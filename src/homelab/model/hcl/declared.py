"""What terraform/ says, read without judging it, and the place of everything that it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from homelab.model.hcl.defaults import filled
from homelab.model.hcl.entries import ContainerEntry, NetworkEntry
from homelab.model.hcl.files import HclFile
from homelab.model.hcl.tree import Entry, Node


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a file."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Expression:
    """A value that is not literal; what it will be is known to Terraform alone."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredEntry:
    """A network, or a container of a category, as its file has it."""

    file: HclFile
    key: Entry
    raw: Any
    """What pygohcl makes of it, where an expression is a string; None where it makes nothing."""
    category: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.key.key

    def place(self, path: Sequence[str | int] = ()) -> SourceLine:
        """The line of an attribute, or of the entry's name where it is on the same line."""
        line = self.key.value.line_of(path) if path else self.key.line
        at_top = line == self.key.value.line
        return SourceLine(self.file.path, self.key.line if at_top else line)

    def plain(self, model: type[BaseModel]) -> Mapping[str, Any]:
        """Its values with a model's defaults, and `Expression` where one is not literal."""
        if self.key.value.kind != "object" or not isinstance(self.raw, Mapping):
            return {}
        whole: Mapping[str, Any] = filled(model, _marked(self.raw, self.key.value))
        return {**whole, "category": self.category} if self.category else whole


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A tree as it was read: files, entries, variables, and what is not of the form that is read."""

    directory: Path
    files: Mapping[Path, HclFile]
    categories: Mapping[str, SourceLine]
    network_entries: Sequence[DeclaredEntry]
    container_entries: Sequence[DeclaredEntry]
    variables: Mapping[str, Mapping[str, Any]]
    """The root module's variables: what their blocks say, such as `default`."""
    assigned: Sequence[tuple[str, Mapping[str, Any]]]
    """What *.tfvars files give to them, each file with its name, the later ones winning."""
    problems: tuple[str, ...]
    """Why no topology can be made of it, each with file and line."""

    @cached_property
    def networks(self) -> Mapping[str, Mapping[str, Any]]:
        """The networks by name as plain values, as `DeclaredEntry.plain` has them."""
        return _plain(self.network_entries, NetworkEntry)

    @cached_property
    def containers(self) -> Mapping[str, Mapping[str, Any]]:
        """The containers by name as plain values, with their `category`."""
        return _plain(self.container_entries, ContainerEntry)

    def variable_values(self, given: Mapping[str, str]) -> dict[str, Any]:
        """The variables' values, with the precedence that Terraform gives to their sources."""
        values = {name: body.get("default") for name, body in self.variables.items()}
        for _, assigned in (*self.assigned, ("", given)):
            values |= {name: value for name, value in assigned.items() if name in values}
        return values

    def place(self, where: Sequence[str | int]) -> SourceLine | None:
        """The line of `("containers", "plex", "networks", 0)`, or of as much of it as there is.

        Also `("networks", NAME, ...)`, `("category", NAME)`, and `("block", FILE, TYPE, ...)` for a
        block of another file, whose labels and attributes follow. None where there is no such thing.
        """
        match tuple(where):
            case ("block", str(file), *rest):
                return self._block(self.directory / file, rest)
            case ("category", str(name)) if name in self.categories:
                return self.categories[name]
            case (str(kind), str(name), *rest) if (kind, name) in self._by_name:
                return self._by_name[(kind, name)].place(rest)
        return None

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], DeclaredEntry]:
        return {
            (kind, entry.name): entry
            for kind, entries in (
                ("networks", self.network_entries),
                ("containers", self.container_entries),
            )
            for entry in entries
        }

    def _block(self, path: Path, words: Sequence[str | int]) -> SourceLine | None:
        file = self.files.get(path)
        for block in file.blocks if file is not None else ():
            names = (block.type, *block.labels)
            if tuple(words[: len(names)]) == names:
                rest = words[len(names) :]
                line = block.body.line_of(rest) if rest else block.line
                return SourceLine(path, block.line if line == block.body.line else line)
        return SourceLine(path, 1) if file is not None else None


def _plain(
    entries: Sequence[DeclaredEntry], model: type[BaseModel]
) -> Mapping[str, Mapping[str, Any]]:
    found = {entry.name: entry.plain(model) for entry in entries}
    return {name: values for name, values in found.items() if values}


def _marked(value: Any, node: Node | None) -> Any:
    """The value with an `Expression` wherever the file has one; without attributes of null."""
    if node is None:
        return value
    if node.kind == "expression":
        return Expression(node.text)
    if isinstance(value, Mapping):
        children = {entry.key: entry.value for entry in node.entries}
        return {
            key: _marked(item, children.get(key)) for key, item in value.items() if item is not None
        }
    if isinstance(value, list):
        items = node.items if len(node.items) == len(value) else (None,) * len(value)
        return [_marked(item, child) for item, child in zip(value, items, strict=True)]
    return value
