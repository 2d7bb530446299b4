"""`homelab github` and `homelab notify`: what the pipeline tells people."""

from __future__ import annotations

from pathlib import Path

import click

from homelab.cli import options
from homelab.cli.exit_code import CHANGES
from homelab.cli.output import emit, say
from homelab.settings import Environment, GitHubEnvironment, load

_PAGE = click.option(
    "--file",
    "page",
    type=options.FILE,
    default=Path("build/plan.md"),
    show_default=True,
    help="What to say, as Markdown.",
)


@click.group()
def github() -> None:
    """Comments, issues and settings of the repository on GitHub (GITHUB_TOKEN)."""


@github.command()
@_PAGE
@click.option("--marker", default="plan", show_default=True, help="Which comment to update.")
@click.option("--pull-request", type=int, help="Its number; default: the one of the event.")
def comment(page: Path, marker: str, pull_request: int | None) -> None:
    """Put a page into one comment of the pull request, which is updated from then on."""
    from homelab.clients.github import GitHub
    from homelab.repository.github import notes

    environment = GitHubEnvironment.read()
    number = pull_request or notes.pull_request(environment)
    client = GitHub.from_environment(environment)
    emit(notes.comment(client, number, page, marker=marker, link=environment.run_url))


@github.command()
@_PAGE
@click.option(
    "--plan",
    type=options.FILE,
    default=Path("build/plan.json"),
    show_default=True,
)
def drift(page: Path, plan: Path) -> None:
    """Keep one issue open as long as the plan is not empty."""
    from homelab.clients.github import GitHub
    from homelab.repository.github import notes

    environment = GitHubEnvironment.read()
    client = GitHub.from_environment(environment)
    emit(notes.drift(client, plan, page, link=environment.run_url))


@github.command()
@options.project
def protection(project: Path | None) -> int:
    """Compare GitHub's settings with .github; exit code 2 when they differ."""
    from homelab.clients.github import GitHub
    from homelab.repository.github.protection import compare

    client = GitHub.from_environment(GitHubEnvironment.read())
    found = compare(client, load(project).project)
    emit(*found.differences)
    for line in found.not_compared:
        say(f"not compared: {line}")
    say(f"{client.repository}: {len(found.differences)} differences")
    return CHANGES if found.differences else 0


@click.command()
@click.argument("message")
@click.option("--title", default="homelab", show_default=True)
@click.option("--urgent", is_flag=True, help="With high priority.")
def notify(message: str, title: str, *, urgent: bool) -> None:
    """Tell people through ntfy (HOMELAB_NTFY_URL)."""
    from homelab.clients.ntfy import notify as send

    url = Environment.read().ntfy_url
    if url is None:
        say("nobody was notified: HOMELAB_NTFY_URL is not set")
        return
    send(url, message, title=title, urgent=urgent, link=GitHubEnvironment.read().run_url)
    say("notified")
