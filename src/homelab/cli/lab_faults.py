"""`homelab lab fault`: what the lab does wrong, on demand."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from homelab.cli import options
from homelab.cli.output import emit, emit_json, say
from homelab.operations.target.lab_options import lab_around, open_lab
from homelab.options.lab import LabOptions
from homelab.wording import counted

if TYPE_CHECKING:
    from homelab.lab import Control


@click.group()
def fault() -> None:
    """Make requests or tasks fail, slow or get no answer: the same way every time."""


@fault.command()
@options.state
@click.option("--method", default="*", help="The request's method; any unless given.")
@click.option("--path", default="", help="A pattern of paths, such as '/nodes/*/lxc'.")
@click.option("--task", default="", help="A task type, such as vzcreate, or a pattern.")
@click.option("--node-down", default="", help="A node that does not answer.")
@click.option("--status", default=500, show_default=True, help="The HTTP status of the error.")
@click.option("--message", default="", help="The text of the error.")
@click.option("--delay", default=0.0, help="Seconds to wait; alone, nothing else goes wrong.")
@click.option("--drop", is_flag=True, help="Close the connection without an answer.")
@click.option("--lock-timeout", is_flag=True, help="Fail as if a lock could not be had in time.")
@click.option("--times", default=0, help="Hit the first N matches only.")
@click.option("--after", default=0, help="Let N matches pass first.")
@click.option("--probability", default=1.0, help="Hit by chance, 0 to 1.")
@click.option("--seed", default=0, help="What that chance starts from.")
def add(lab: LabOptions, **values: object) -> None:
    """Add a fault."""
    from homelab.lab import Fault

    added = _control(lab).add_fault(Fault.load(values))
    say(f"fault {added.id}: {added.describe()}")


@fault.command("list")
@options.combined(options.state, options.as_json)
def list_(lab: LabOptions, *, as_json: bool) -> None:
    """List the faults, and how often each has hit."""
    found = _control(lab).faults()
    if as_json:
        emit_json([asdict(item) for item in found])
        return
    emit(*(f"{item.id}  {item.describe()}" for item in found))
    if not found:
        say("no faults")


@fault.command()
@options.state
@click.argument("identity", required=False)
def clear(lab: LabOptions, identity: str | None) -> None:
    """Remove one fault by its number, or all of them."""
    say(f"{counted(_control(lab).clear_faults(identity), 'fault')} removed")


def _control(lab: LabOptions) -> Control:
    return open_lab(lab_around(lab)).control()
