"""`homelab parity`: whether the lab answers as a real node does."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from homelab.cli import options
from homelab.cli.exit_code import CHANGES
from homelab.cli.output import emit, emit_json, say
from homelab.clients.proxmox import Proxmox
from homelab.options.lab import LabOptions
from homelab.settings import load


@click.group()
def parity() -> None:
    """Compare the lab's replies with those of a real node, read once."""


@parity.command()
@options.combined(options.target, options.project)
@click.option(
    "--output",
    type=options.FILE,
    default=Path("build/parity.json"),
    show_default=True,
)
def record(target: str | None, project: Path | None, output: Path) -> None:
    """Read shapes and error texts from a node; no values are kept, and nothing is changed."""
    from homelab.operations.target.target import open_target
    from homelab.repository.parity import record as record_replies

    opened = open_target(load(project), target, start=False)
    recording = record_replies(Proxmox.from_environment(opened.environment))
    recording.save(output)
    say(f"{len(recording.replies)} replies of PVE {recording.pve} recorded in {output}")


@parity.command()
@options.combined(options.state, options.as_json)
@click.option("--recording", type=options.EXISTING_FILE)
def check(lab: LabOptions, recording: Path | None, *, as_json: bool) -> int:
    """Compare the running lab with a recording; exit code 2 when it differs."""
    from homelab.operations.target.lab_options import lab_around, open_lab
    from homelab.operations.target.lab_view import client
    from homelab.repository.parity import Recording
    from homelab.repository.parity import check as check_replies

    report = check_replies(client(open_lab(lab_around(lab)).info()), Recording.load(recording))
    if as_json:
        emit_json(asdict(report))
    else:
        emit(*report.problems)
        for path in report.skipped:
            say(f"not compared: /{path} (the lab has no container)")
        count = len(report.problems)
        say(f"{report.compared} replies compared ({report.source}), {count} differences")
    return CHANGES if report.problems else 0
