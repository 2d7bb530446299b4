"""`homelab state`: where Terraform's state is, and moving it into PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import click

from homelab.cli import options
from homelab.cli.output import emit, emit_json, say
from homelab.settings import load


@click.group()
def state() -> None:
    """Where Terraform's state is, and moving it into PostgreSQL."""


@state.command()
@options.combined(options.target, options.project, options.as_json)
def show(target: str | None, project: Path | None, *, as_json: bool) -> None:
    """Say where the state of a target is, and what it holds."""
    from homelab.operations.state.remote import locations

    found = locations(load(project), target)
    if as_json:
        emit_json(
            [
                {
                    "place": one.location,
                    "used": one.used,
                    "serial": one.state.serial if one.state else None,
                    "lineage": one.state.lineage if one.state else None,
                    "resources": one.state.resources if one.state else 0,
                }
                for one in found
            ]
        )
        return
    emit(*map(str, found))


@state.command()
@options.combined(options.target, options.project)
def init(target: str | None, project: Path | None) -> None:
    """Prepare the directory in which Terraform, also by hand, works on a target's remote state."""
    from homelab.operations.state.remote import initialise

    directory = initialise(load(project), target)
    say(f"ready: cd {directory} && terraform plan")


@state.command()
@options.combined(options.target, options.project)
def migrate(target: str | None, project: Path | None) -> None:
    """Move a target's local state into PostgreSQL; the file stays, under another name."""
    from homelab.operations.state.remote import migrate as move

    done = move(load(project), target)
    emit(
        f"moved to PostgreSQL, schema {done.schema}, workspace {done.workspace}: "
        f"{done.state.resources} resources of {done.sent.resources}, lineage "
        f"{done.state.lineage}, serial {done.sent.serial} -> {done.state.serial} "
        "(Terraform counts the move)"
    )
    emit(f"the local state is kept as {done.kept}")
