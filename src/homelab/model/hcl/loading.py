"""Reads terraform/: networks and entries from containers/, defaults from the root's variables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from homelab.errors import ConfigurationError, TopologyError
from homelab.model.firewall import firewall_rules, sort_rules
from homelab.model.hcl.entries import ContainerEntry, NetworkEntry, attribute_names
from homelab.model.hcl.files import HclFile, HclSyntaxError, read_file
from homelab.model.hcl.tree import Entry, Node, expressions
from homelab.model.hcl.variables import defaults_from
from homelab.model.problems import Where, from_pydantic, raise_problems
from homelab.model.topology import Container, Name, Network, Topology, Value
from homelab.model.validation import problems_of

if TYPE_CHECKING:
    from pathlib import Path

_V = TypeVar("_V", bound=Value)
_NAME = TypeAdapter(Name)
_REFERENCE = "local."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Local:
    """An attribute of a `locals` block, with the file that it stands in."""

    file: HclFile
    entry: Entry
    value: Any

    @property
    def place(self) -> str:
        return self.file.place(self.entry.line)

    def locate(self, path: Where) -> str:
        return self.file.place(self.entry.value.line_of(path))


@dataclass(slots=True)
class _Reading:
    """What was read so far, and every problem on the way."""

    directory: Path
    problems: list[str] = field(default_factory=list)
    networks: list[tuple[Network, _Local]] = field(default_factory=list)
    containers: list[tuple[Container, _Local]] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)

    def locate(self, where: Where) -> str:
        match where:
            case ("networks", int(index), *rest):
                network, local = self.networks[index]
                return local.locate((network.name, *rest))
            case ("containers", int(index), *rest):
                container, local = self.containers[index]
                return local.locate((container.name, *rest))
        return str(self.directory)


def load(directory: Path, *, variables: Mapping[str, str]) -> Topology:
    """The topology that the HCL under `directory` declares.

    Raises:
        ConfigurationError: there is no such directory, or it is not a terraform/ tree of ours.
        TopologyError: listing every problem with its file and line.
    """
    module = directory / "containers"
    if not module.is_dir():
        raise ConfigurationError(
            f"{directory} holds no topology: there is no directory {module}",
            hint="name the directory that holds main.tf and containers/, such as terraform",
        )
    root_files, module_files = _read_all((directory, module))
    reading = _Reading(directory=directory)
    for file in (*root_files, *module_files):
        reading.problems.extend(file.duplicates())
    locals_ = _locals(module_files, reading)
    defaults = defaults_from(directory, root_files, variables, reading.problems)
    _read_networks(locals_, reading)
    gateways = {network.bridge: network.gateway for network, _ in reading.networks}
    for category, local in _categories(module, locals_, reading):
        reading.declared.extend(entry.key for entry in local.entry.value.entries)
        for name, entry in _entries(local, category, ContainerEntry, reading):
            container = entry.resolve(name, category, gateways=gateways, defaults=defaults)
            reading.containers.append((container, local))
    reading.networks.sort(key=lambda pair: pair[0].name)
    reading.containers.sort(key=lambda pair: pair[0].vmid)
    networks = tuple(network for network, _ in reading.networks)
    containers = tuple(container for container, _ in reading.containers)
    topology = Topology(
        networks=networks,
        containers=containers,
        firewall=sort_rules(firewall_rules(networks, containers), containers),
    )
    raise_problems(
        (*reading.problems, *problems_of(topology, declared=reading.declared)), reading.locate
    )
    return topology


def _read_all(directories: tuple[Path, Path]) -> tuple[list[HclFile], list[HclFile]]:
    problems: list[str] = []
    read: tuple[list[HclFile], list[HclFile]] = ([], [])
    for directory, files in zip(directories, read, strict=True):
        for path in sorted(directory.glob("*.tf")):
            try:
                files.append(read_file(path))
            except HclSyntaxError as exc:
                problems.extend(exc.problems)
        problems.extend(
            f"{path}:1: Terraform's JSON syntax is not read here; write it as HCL"
            for path in sorted(directory.glob("*.tf.json"))
        )
    if problems:
        raise TopologyError(problems)
    return read


def _locals(files: list[HclFile], reading: _Reading) -> dict[str, _Local]:
    found: dict[str, _Local] = {}
    for file in files:
        values: dict[str, Any] = {}
        parsed = file.values.get("locals", [])
        for block in parsed if isinstance(parsed, list) else [parsed]:
            values.update(block)
        for locals_block in file.blocks:
            if locals_block.type != "locals":
                continue
            for entry in locals_block.body.entries:
                local = _Local(file=file, entry=entry, value=values.get(entry.key))
                if entry.key in found and found[entry.key].entry is not entry:
                    reading.problems.append(
                        f"{local.place}: local {entry.key!r} is there twice (see"
                        f" {found[entry.key].place})"
                    )
                found.setdefault(entry.key, local)
    return found


def _read_networks(locals_: Mapping[str, _Local], reading: _Reading) -> None:
    local = locals_.get("networks")
    if local is None:
        reading.problems.append(f"{reading.directory / 'containers'}: no local is named 'networks'")
        return
    for name, entry in _entries(local, "networks", NetworkEntry, reading):
        reading.networks.append((entry.resolve(name), local))


def _categories(
    module: Path, locals_: Mapping[str, _Local], reading: _Reading
) -> Iterator[tuple[str, _Local]]:
    """The categories that `local.categories` names, each with the local that it refers to."""
    index = locals_.get("categories")
    if index is None:
        reading.problems.append(f"{module}: no local is named 'categories'")
        return
    for entry in index.entry.value.entries:
        text = entry.value.text
        local = locals_.get(text.removeprefix(_REFERENCE))
        if not text.startswith(_REFERENCE) or local is None:
            reading.problems.append(
                f"{index.file.place(entry.line)}: category {entry.key!r} must name a local of"
                f" containers/, such as local.{entry.key}; {text or 'this'} is none"
            )
            continue
        yield entry.key, local


def _entries(
    local: _Local, what: str, model: type[_V], reading: _Reading
) -> Iterator[tuple[str, _V]]:
    """The entries of a local that are literal and well-typed; the others become problems."""
    if local.entry.value.kind != "object":
        reading.problems.append(
            f"{local.place}: {what} must be an object of entries, written out literally"
        )
        return
    names = attribute_names(model)
    last = {entry.key: entry for entry in local.entry.value.entries}
    for name, entry in last.items():
        place = local.file.place(entry.line)
        unresolved = list(expressions(entry.value))
        if unresolved or entry.value.kind != "object":
            reading.problems.extend(_not_literal(local.file, name, entry.value, unresolved))
            continue
        if not isinstance(local.value, Mapping) or name not in local.value:
            reading.problems.append(f"{place}: {name}: the entry could not be read")
            continue
        try:
            _NAME.validate_python(name)
        except ValidationError:
            reading.problems.append(
                f"{place}: {name!r} is not a host name: lower-case letters, digits and hyphens"
            )
            continue
        text = json.dumps(_without_nulls(local.value[name]))
        try:
            # JSON's strict mode takes lists and strings where the types need them, and does not
            # turn "2" into 2 or true into 1.
            parsed = model.model_validate_json(text, strict=True)
        except ValidationError as exc:
            reading.problems.extend(
                problem.render(local.locate)
                for problem in from_pydantic(exc, (name,), names=names, subject=name)
            )
            continue
        yield name, parsed


def _not_literal(
    file: HclFile, name: str, value: Node, unresolved: list[tuple[str, Node]]
) -> Iterator[str]:
    if value.kind == "literal":
        yield f"{file.place(value.line)}: {name} must be an object of attributes"
    for path, node in unresolved:
        dotted = f"{name}.{path}".rstrip(".")
        yield (
            f"{file.place(node.line)}: {dotted} must be a literal value, not the expression"
            f" {node.text[:60]}"
        )


def _without_nulls(value: Any) -> Any:
    """The value without attributes that are null: Terraform gives those their defaults."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
