"""Reads the files of a terraform/ tree, each once, as far as they can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from homelab.errors import ConfigurationError, TopologyError
from homelab.model.hcl.declared import Declared, DeclaredEntry, SourceLine
from homelab.model.hcl.files import HclFile, HclSyntaxError, read_file
from homelab.model.hcl.tree import Entry

CONTAINERS: Final = "containers"
_REFERENCE = "local."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Local:
    """An attribute of a `locals` block of containers/."""

    file: HclFile
    entry: Entry
    value: Any

    @property
    def place(self) -> SourceLine:
        return SourceLine(self.file.path, self.entry.line)


def declared(directory: Path) -> Declared:
    """Read a tree as far as it can be read.

    Raises:
        ConfigurationError: it is not a tree of ours.
        TopologyError: a file is not HCL; lists every such place.
    """
    module = directory / CONTAINERS
    if not module.is_dir():
        raise ConfigurationError(
            f"{directory} holds no topology: there is no directory {module}",
            hint="name the directory that holds main.tf and containers/, such as terraform",
        )
    problems: list[str] = []
    files = _read_all(directory, problems)
    root = [file for path, file in files.items() if path.parent == directory]
    inner = [file for path, file in files.items() if path.parent == module]
    for file in (*root, *inner):
        problems.extend(file.duplicates())
    locals_ = _locals(inner, problems)
    networks = locals_.get("networks")
    if networks is None:
        problems.append(f"{module}: no local is named 'networks'")
    categories = _categories(module, locals_, problems)
    return Declared(
        directory=directory,
        files=files,
        categories={name: local.place for name, local in categories.items()},
        network_entries=tuple(_entries(networks, "networks", problems)) if networks else (),
        container_entries=tuple(
            entry
            for name, local in categories.items()
            for entry in _entries(local, name, problems, category=name)
        ),
        variables={
            name: body
            for file in root
            for name, body in (file.values.get("variable") or {}).items()
        },
        assigned=tuple(_assignments(directory, problems)),
        problems=tuple(problems),
    )


def _read_all(directory: Path, problems: list[str]) -> dict[Path, HclFile]:
    files: dict[Path, HclFile] = {}
    broken: list[str] = []
    for path in sorted(directory.rglob("*.tf")):
        if any(part.startswith(".") for part in path.relative_to(directory).parts):
            continue
        try:
            files[path] = read_file(path)
        except HclSyntaxError as error:
            broken.extend(error.problems)
    problems.extend(
        f"{path}:1: Terraform's JSON syntax is not read here; write it as HCL"
        for where in (directory, directory / CONTAINERS)
        for path in sorted(where.glob("*.tf.json"))
    )
    if broken:
        raise TopologyError([*broken, *problems])
    return files


def _locals(files: Sequence[HclFile], problems: list[str]) -> dict[str, _Local]:
    found: dict[str, _Local] = {}
    for file in files:
        values: dict[str, Any] = {}
        parsed = file.values.get("locals", [])
        for block in parsed if isinstance(parsed, list) else [parsed]:
            values.update(block)
        for entry in (e for b in file.blocks if b.type == "locals" for e in b.body.entries):
            local = _Local(file=file, entry=entry, value=values.get(entry.key))
            first = found.setdefault(entry.key, local)
            if first is not local:
                problems.append(
                    f"{local.place}: local {entry.key!r} is there twice (see {first.place})"
                )
    return found


def _categories(
    module: Path, locals_: Mapping[str, _Local], problems: list[str]
) -> dict[str, _Local]:
    """The categories that `local.categories` names, each with the local that it refers to."""
    index = locals_.get("categories")
    if index is None:
        problems.append(f"{module}: no local is named 'categories'")
        return {}
    found = {}
    for entry in index.entry.value.entries:
        text = entry.value.text
        local = locals_.get(text.removeprefix(_REFERENCE))
        if text.startswith(_REFERENCE) and local is not None:
            found[entry.key] = local
            continue
        problems.append(
            f"{index.file.place(entry.line)}: category {entry.key!r} must name a local of"
            f" containers/, such as local.{entry.key}; {text or 'this'} is none"
        )
    return found


def _entries(
    local: _Local, what: str, problems: list[str], *, category: str = ""
) -> Iterator[DeclaredEntry]:
    if local.entry.value.kind != "object":
        problems.append(
            f"{local.place}: {what} must be an object of entries, written out literally"
        )
    values = local.value if isinstance(local.value, Mapping) else {}
    # Of two equal keys pygohcl keeps the last.
    for entry in {entry.key: entry for entry in local.entry.value.entries}.values():
        yield DeclaredEntry(
            file=local.file, key=entry, raw=values.get(entry.key), category=category
        )


def _assignments(directory: Path, problems: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each file that Terraform reads by itself with its values, the later ones winning."""
    paths = [
        directory / "terraform.tfvars",
        directory / "terraform.tfvars.json",
        *sorted([*directory.glob("*.auto.tfvars"), *directory.glob("*.auto.tfvars.json")]),
    ]
    for path in paths:
        if not path.is_file():
            continue
        values = (
            _json_values(path, problems) if path.suffix == ".json" else _hcl_values(path, problems)
        )
        if values is not None:
            yield str(path), values


def _json_values(path: Path, problems: list[str]) -> Mapping[str, Any] | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        problems.append(f"{path}: not JSON: {error}")
        return None
    if not isinstance(values, dict):
        problems.append(f"{path}: must be an object of variables")
        return None
    return values


def _hcl_values(path: Path, problems: list[str]) -> Mapping[str, Any] | None:
    try:
        file = read_file(path)
    except HclSyntaxError as error:
        problems.extend(error.problems)
        return None
    problems.extend(file.duplicates())
    return file.values
