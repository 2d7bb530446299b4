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
    from homelab.operations.state.remote import places

    found = places(load(project), target)
    if as_json:
        emit_json(
            [
                {
                    "place": place.place,
                    "used": place.used,
                    "serial": place.state.serial if place.state else None,
                    "lineage": place.state.lineage if place.state else None,
                    "resources": place.state.resources if place.state else 0,
                }
                for place in found
            ]
        )
        return
    for place in found:
        emit(str(place))


@state.command()
@options.combined(options.target, options.project)
def init(target: str | None, project: Path | None) -> None:
    """Prepare the directory in which Terraform, also by hand, works on a target's remote state."""
    from homelab.operations.state.remote import initialise

    place = initialise(load(project), target)
    say(f"ready: cd {place} && terraform plan")


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
