"""Terraform's state in PostgreSQL: the directory of a target, what is stored, and moving it there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from homelab.clients.postgres import StateDatabase, StoredState, stored_state
from homelab.clients.terraform.client import Terraform
from homelab.clients.terraform.directory import carry_lock_file, lay_out
from homelab.clients.terraform.state import state_file
from homelab.errors import ConfigurationError, HomelabError
from homelab.operations.target.target import Target, connection_string, open_target, state_schema
from homelab.operations.target.worker import this_process
from homelab.settings import LabTarget, Settings
from homelab.wording import counted


class MigrationError(HomelabError):
    """A local state can't be moved, or what arrived is not what was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateLocation:
    """Where a target's state is (`used`) or was."""

    location: str
    used: bool
    state: StoredState | None

    def __str__(self) -> str:
        what = "nothing yet"
        if self.state is not None:
            resources = counted(self.state.resources, "resource")
            what = f"{resources}, serial {self.state.serial}, lineage {self.state.lineage}"
        return f"{self.location}: {what}" + ("" if self.used else " (not used: move it, or away)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """A state that was moved: what it was and is, and where the local file lies now."""

    sent: StoredState
    state: StoredState
    schema: str
    workspace: str
    kept: Path


def working_directory(project: Path, target: str) -> Path:
    """Where Terraform works on a target whose state is remote, and where a person may."""
    return project / "build" / "remote" / target


def local_state_of(settings: Settings, name: str) -> Path:
    """Where the state of a target is, or was, as long as it is local."""
    _, section = settings.target(name)
    directory = settings.project / "terraform"
    if isinstance(section, LabTarget):
        return state_file(directory, directory / ".terraform")
    return state_file(directory, settings.project / "build" / "terraform" / name, name)


def remote_terraform(settings: Settings, target: Target) -> Terraform:
    """Terraform in the working directory of a target, with the target's workspace selected.

    Raises:
        ConfigurationError: a local state of the target was not moved yet.
        TerraformError: the database can't be reached, or refuses.
    """
    left = _addresses(_read(local_state_of(settings, target.name)) or {})
    if left:
        raise ConfigurationError(
            f"target {target.name!r} has a local state with {counted(len(left), 'resource')}, "
            "and homelab.toml says that its state is in PostgreSQL",
            hint=f"move it first: homelab state migrate --target {target.name}",
        )
    return _prepared(settings, target)


def database(settings: Settings, name: str, *, doing: str | None = None) -> StateDatabase:
    """The database of a target's state.

    Raises:
        ConfigurationError: the target's state is local, or the environment names no database.
        UnreachableError: the database does not let us in.
    """
    _, section = settings.target(name)
    schema = state_schema(section)
    if schema is None:
        if isinstance(section, LabTarget):
            raise ConfigurationError(
                f"target {name!r} is a lab, whose state is a file",
                hint="name a real node: --target NAME",
            )
        raise ConfigurationError(
            f"the state of target {name!r} is local",
            hint=f'set state = "pg" in [targets.{name}] of homelab.toml; see docs/remote-state.md',
        )
    connection = connection_string(name, settings.environment)
    application = this_process().application_name(doing)
    return StateDatabase(connection, schema, application_name=application)


def locations(settings: Settings, name: str | None = None) -> tuple[StateLocation, ...]:
    """Where the state of a target is, and where it was.

    Raises:
        UnreachableError: the database does not let us in.
    """
    wanted, section = settings.target(name)
    local = local_state_of(settings, wanted)
    document = _read(local)
    shown = local.relative_to(settings.project)
    stored = None if document is None else stored_state(document)
    here = StateLocation(location=f"{shown}, local", used=True, state=stored)
    schema = state_schema(section)
    if schema is None:
        return (here,)
    with database(settings, wanted) as opened:
        there = opened.states().get(wanted)
    remote = f"PostgreSQL, schema {schema}, workspace {wanted}"
    found = (StateLocation(location=remote, used=True, state=there),)
    return found if document is None else (*found, replace(here, used=False))


def initialise(settings: Settings, name: str | None = None) -> Path:
    """Make the working directory of a target ready; which one it is.

    Raises:
        ConfigurationError: the target's state is local.
    """
    wanted, _ = settings.target(name)
    database(settings, wanted).close()
    remote_terraform(settings, open_target(settings, wanted, start=False))
    return working_directory(settings.project, wanted)


def migrate(settings: Settings, name: str | None = None) -> Migrated:
    """Move a target's local state into PostgreSQL; the file stays, under another name.

    Terraform writes it (`terraform state push`), under its lock and by its own rules. What arrived
    is compared before the local file is renamed: serial, lineage, every resource and output. A move
    that was cut off is finished by the next one.

    Raises:
        MigrationError: the destination has a state of its own, or something was lost.
        ConfigurationError: there is no local state, or the target's state is to be local.
    """
    wanted, _ = settings.target(name)
    source = local_state_of(settings, wanted)
    with database(settings, wanted, doing="migrate") as stored:
        schema = stored.schema
        there = stored.document(wanted) or {}
    sent = _read(source)
    if sent is None:
        raise ConfigurationError(
            f"target {wanted!r} has no local state at {source}",
            hint=_nothing_to_do(stored_state(there)),
        )
    terraform = _prepared(settings, open_target(settings, wanted, start=False))
    if _lost(sent, there):  # else a move that was cut off had come this far
        _require_room(wanted, stored_state(sent), stored_state(there))
        terraform.state_push(source)
    arrived = terraform.state_pull() or {}
    lost = _lost(sent, arrived)
    if lost:
        listing = "\n".join(f"  {line}" for line in lost)
        raise MigrationError(
            f"what arrived in PostgreSQL is not what was sent:\n{listing}",
            hint="the local state is as it was; do not deploy, and look at both",
        )
    kept = source.with_name(f"{source.name}.migrated-{time.strftime('%Y%m%d-%H%M%S')}")
    source.rename(kept)
    return Migrated(
        sent=stored_state(sent),
        state=stored_state(arrived),
        schema=schema,
        workspace=wanted,
        kept=kept,
    )


def _prepared(settings: Settings, target: Target) -> Terraform:
    source = settings.project / "terraform"
    directory = working_directory(settings.project, target.name)
    lay_out(source, directory, schema=target.state_schema or "", variables=target.variables)
    # The variables are in the directory, where a person finds them too.
    terraform = Terraform(directory, env=target.environment)
    terraform.workspace_select(target.name)
    carry_lock_file(directory, source)
    return terraform


def _require_room(target: str, sent: StoredState, there: StoredState) -> None:
    """Let a state pass whose destination is empty, or is an older version of it."""
    if there.resources == 0:
        return
    what = f"workspace {target!r} in PostgreSQL has a state with {counted(there.resources, 'resource')}"
    if there.lineage != sent.lineage:
        raise MigrationError(
            f"{what} and another lineage ({there.lineage}) than the local one "
            f"({sent.lineage}): they describe different things",
            hint="nothing was changed. If the one in PostgreSQL is another project's, give this one "
            f"a schema of its own: state_schema in [targets.{target}] of homelab.toml",
        )
    if there.serial >= sent.serial:
        raise MigrationError(
            f"{what}, serial {there.serial}; the local one has serial {sent.serial} of the same "
            "lineage and other content",
            hint="nothing was changed. The one in PostgreSQL has moved on: put the local file away",
        )


def _lost(sent: Mapping[str, Any], arrived: Mapping[str, Any]) -> tuple[str, ...]:
    """What one state has that the other lacks. Terraform counts the move as one more serial."""
    lost = []
    before, after = stored_state(sent), stored_state(arrived)
    if after.lineage != before.lineage:
        lost.append(f"lineage: {before.lineage} -> {after.lineage or 'none'}")
    if after.serial < before.serial:
        lost.append(f"serial: {before.serial} -> {after.serial}")
    ours, theirs = _addresses(sent), _addresses(arrived)
    if ours != theirs:
        named = ", ".join(sorted(ours ^ theirs)[:5])
        lost.append(f"resources: {len(ours)} -> {len(theirs)} ({named})")
    if (sent.get("outputs") or {}) != (arrived.get("outputs") or {}):
        lost.append("outputs differ")
    return tuple(lost)


def _addresses(document: Mapping[str, Any]) -> set[str]:
    """The resources of a state, an entry for each instance."""
    found = set()
    for resource in document.get("resources") or ():
        words = (resource.get("module"), resource.get("mode"), resource["type"], resource["name"])
        address = ".".join(word for word in words if word)
        for instance in resource.get("instances") or ():
            found.add(f"{address}[{json.dumps(instance.get('index_key'))}]")
    return found


def _nothing_to_do(there: StoredState) -> str:
    if there.resources == 0:
        return "nothing was deployed from here yet; the first deploy writes to PostgreSQL"
    resources = counted(there.resources, "resource")
    return f"PostgreSQL has a state already: serial {there.serial}, {resources}"


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    if not os.access(path, os.R_OK):
        raise ConfigurationError(f"can't read {path}", hint="run it as the user who deployed")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigurationError(
            f"{path} is no state that can be read: {error}",
            hint="put it away; what exists is taken over by the next deploy",
        ) from error
    return document if isinstance(document, dict) else None
