"""What terraform/ says, read without judging it, and the place of everything that it says.

`load` raises at the first contradiction of a tree; a review wants to see the tree all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from homelab.errors import ConfigurationError, TopologyError
from homelab.model.hcl.entries import ContainerEntry, NetworkEntry
from homelab.model.hcl.files import HclFile, HclSyntaxError, read_file
from homelab.model.hcl.tree import Entry, Node

CONTAINERS: Final = "containers"
_REFERENCE = "local."


@dataclass(frozen=True, slots=True)
class Place:
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
class _Entry:
    file: HclFile
    key: Entry
    category: str = ""


@dataclass(slots=True, kw_only=True)
class Declared:
    """A tree's networks and containers by name as plain values, and where each stands."""

    directory: Path
    files: Mapping[Path, HclFile]
    categories: dict[str, Place] = field(default_factory=dict)
    networks: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    containers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """With defaults filled in, `category` added, and `Expression` where a value is not literal."""
    variables: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The root module's variables: what their blocks say, such as `default`."""
    _entries: dict[tuple[str, str], _Entry] = field(default_factory=dict)

    def place(self, where: Sequence[str | int]) -> Place | None:
        """The line of `("containers", "plex", "networks", 0)`, or of as much of it as there is.

        Also `("networks", NAME, ...)`, `("category", NAME)`, and `("block", FILE, TYPE, ...)` for a
        block of another file, whose labels and attributes follow. None where there is no such thing.
        """
        match tuple(where):
            case ("block", str(file), *rest):
                return self._block(self.directory / file, rest)
            case ("category", str(name)) if name in self.categories:
                return self.categories[name]
            case (str(kind), str(name), *rest) if (kind, name) in self._entries:
                entry = self._entries[(kind, name)]
                line = entry.key.value.line_of(rest) if rest else entry.key.line
                at_top = line == entry.key.value.line
                return Place(entry.file.path, entry.key.line if at_top else line)
        return None

    def _block(self, path: Path, words: Sequence[str | int]) -> Place | None:
        file = self.files.get(path)
        for block in file.blocks if file is not None else ():
            names = (block.type, *block.labels)
            if tuple(words[: len(names)]) == names:
                rest = words[len(names) :]
                line = block.body.line_of(rest) if rest else block.line
                return Place(path, block.line if line == block.body.line else line)
        return Place(path, 1) if file is not None else None


def declared(directory: Path) -> Declared:
    """Read a tree as far as it can be read.

    Raises:
        ConfigurationError: it is not a tree of ours.
        TopologyError: a file is not HCL.
    """
    module = directory / CONTAINERS
    if not module.is_dir():
        raise ConfigurationError(
            f"{directory} holds no topology: there is no directory {module}",
            hint="name the directory that holds main.tf and containers/, such as terraform",
        )
    files: dict[Path, HclFile] = {}
    problems: list[str] = []
    for path in sorted(directory.rglob("*.tf")):
        if any(part.startswith(".") for part in path.relative_to(directory).parts):
            continue
        try:
            files[path] = read_file(path)
        except HclSyntaxError as error:
            problems.extend(error.problems)
    if problems:
        raise TopologyError(problems)
    found = Declared(directory=directory, files=files)
    locals_ = _locals(module, files)
    _read_variables(found)
    _read(found, locals_, "networks", "networks", NetworkEntry)
    index = locals_.get("categories")
    for entry in index[1].value.entries if index else ():
        category = locals_.get(entry.value.text.removeprefix(_REFERENCE))
        if category is not None:
            found.categories[entry.key] = Place(category[0].path, category[1].line)
            name = entry.value.text.removeprefix(_REFERENCE)
            _read(found, locals_, CONTAINERS, name, ContainerEntry, category=entry.key)
    return found


def _locals(module: Path, files: Mapping[Path, HclFile]) -> dict[str, tuple[HclFile, Entry]]:
    return {
        entry.key: (file, entry)
        for path, file in files.items()
        if path.parent == module
        for block in file.blocks
        if block.type == "locals"
        for entry in block.body.entries
    }


def _read_variables(found: Declared) -> None:
    for path, file in found.files.items():
        if path.parent == found.directory:
            for name, body in (file.values.get("variable") or {}).items():
                found.variables[name] = body


def _read(
    found: Declared,
    locals_: Mapping[str, tuple[HclFile, Entry]],
    kind: str,
    name: str,
    model: type[BaseModel],
    **more: str,
) -> None:
    if name not in locals_:
        return
    file, local = locals_[name]
    values = _local_values(file, name)
    target = found.networks if kind == "networks" else found.containers
    for entry in local.value.entries:
        raw = values.get(entry.key)
        if entry.value.kind != "object" or not isinstance(raw, Mapping):
            continue
        whole = _filled(model, _marked(raw, entry.value))
        target[entry.key] = {**whole, **more} if isinstance(whole, Mapping) else {}
        found._entries[(kind, entry.key)] = _Entry(file=file, key=entry)  # noqa: SLF001


def _local_values(file: HclFile, name: str) -> Mapping[str, Any]:
    parsed = file.values.get("locals", [])
    for block in parsed if isinstance(parsed, list) else [parsed]:
        value = block.get(name)
        if isinstance(value, Mapping):
            return value
    return {}


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


def _filled(model: type[BaseModel], value: Any) -> Any:
    """The value with the defaults of the model that it should fit."""
    if not isinstance(value, Mapping):
        return value
    whole = dict(value)
    for name, info in model.model_fields.items():
        inner, is_many = _inner(info.annotation)
        if name not in whole:
            if not info.is_required():
                default = info.get_default(call_default_factory=True)
                whole[name] = _plain(default)
        elif inner is not None and is_many and isinstance(whole[name], list):
            whole[name] = [_filled(inner, item) for item in whole[name]]
        elif inner is not None:
            whole[name] = _filled(inner, whole[name])
    return whole


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return list(value) if isinstance(value, tuple) else value


def _inner(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model that an annotation holds, and whether it holds many."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    is_many = getattr(annotation, "__origin__", None) is tuple
    for argument in getattr(annotation, "__args__", ()):
        found, many = _inner(argument)
        if found is not None:
            return found, is_many or many
    return None, False
