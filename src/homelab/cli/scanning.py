"""`homelab lint`: the repository, looked at by tools that others keep."""

from __future__ import annotations

from pathlib import Path

import click

from homelab.cli import options
from homelab.cli.output import emit, say
from homelab.settings import load


@click.command()
@options.project
@click.option("--only", multiple=True, metavar="TOOL", help="Ask only this one; repeatable.")
@click.option("--online", is_flag=True, help="Let tools ask services in the network.")
def lint(project: Path | None, *, only: tuple[str, ...], online: bool) -> None:
    """Check style, layers, secrets, Ansible, YAML, workflows and Terraform's formatting."""
    from homelab.repository.lint.scan import scan

    report = scan(load(project), only=only, online=online, tell=say)
    emit(*report.lines())
    report.raise_for_findings()
