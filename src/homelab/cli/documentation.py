"""`homelab docs` and `homelab modules`: the model written down, and its parts tried."""

from __future__ import annotations

from pathlib import Path

import click

from homelab.cli import options
from homelab.cli.exit_code import CHANGES
from homelab.cli.output import emit, say
from homelab.settings import load


@click.command()
@options.project
@click.option("--check", is_flag=True, help="Write nothing; exit code 2 when a page is stale.")
def docs(project: Path | None, *, check: bool) -> int:
    """Write the pages that are made from the model and the rules, such as docs/topology.md."""
    from homelab.repository.docs.generated import stale_pages, write_pages

    settings = load(project)
    if not check:
        emit(*(f"written: {name}" for name in write_pages(settings)))
        return 0
    stale = stale_pages(settings)
    emit(*(f"stale: {name}" for name in stale))
    if stale:
        say("what to do: run homelab docs (or nox -s docs) and commit the result")
    return CHANGES if stale else 0


@click.command()
@options.project
def modules(project: Path | None) -> None:
    """Test each Terraform module by itself, with mocked providers."""
    from homelab.repository.module_tests import check_modules

    runs = check_modules(load(project))
    emit(*map(str, runs), f"{len(runs)} tests of modules passed")
