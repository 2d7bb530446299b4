"""One comment for each subject, one issue for each drift: found again by a marker, and updated."""

from __future__ import annotations

import json
from pathlib import Path

from homelab.clients.github import GitHub
from homelab.errors import ConfigurationError
from homelab.settings import GitHubEnvironment

LABEL = "drift"
LONGEST = 65_000
"""GitHub takes 65,536 characters."""


def pull_request(environment: GitHubEnvironment) -> int:
    """The number of the pull request that started the workflow.

    Raises:
        ConfigurationError: it was started by something else.
    """
    event = environment.event
    if event is not None and event.is_file():
        number = json.loads(event.read_text(encoding="utf-8")).get("number")
        if isinstance(number, int):
            return number
    raise ConfigurationError(
        "this job was not started by a pull request", hint="name it: --pull-request NUMBER"
    )


def comment(
    client: GitHub, number: int, page: Path, *, marker: str, link: str | None = None
) -> str:
    """Comment on a pull request, or update the comment of that marker; what was done, in words.

    Raises:
        ConfigurationError: there is no such page.
    """
    body = _body(page, marker, link)
    for note in client.comments(number):
        if note.body.startswith(_mark(marker)):
            client.update_comment(note.number, body)
            return f"updated the comment on pull request {number}"
    client.create_comment(number, body)
    return f"commented on pull request {number}"


def drift(client: GitHub, plan: Path, page: Path, *, link: str | None = None) -> str:
    """Keep one issue as long as a plan is not empty, else close it; what was done, in words.

    `plan` is build/plan.json, `page` the same plan for people.

    Raises:
        ConfigurationError: there is no such plan, or no page.
    """
    try:
        said = json.loads(plan.read_text(encoding="utf-8"))
        target, empty = str(said["target"]), bool(said["empty"])
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(
            f"can't read the plan {plan}", hint="make one: nox -s plan -- --target production"
        ) from error
    marker = f"drift-{target}"
    mine = [note for note in client.open_issues(LABEL) if note.body.startswith(_mark(marker))]
    if empty:
        for note in mine:
            client.update_issue(note.number, close=True)
        numbers = ", ".join(str(note.number) for note in mine)
        closed = f"; closed issue {numbers}" if mine else ""
        return f"{target} is as declared{closed}"
    body = _body(page, marker, link)
    if mine:
        first, *others = mine
        client.update_issue(first.number, body=body)
        for note in others:
            client.update_issue(note.number, close=True)
        return f"{target} has drifted; updated issue {first.number}"
    number = client.create_issue(f"{target} is not as declared", body, label=LABEL)
    return f"{target} has drifted; opened issue {number}"


def _mark(marker: str) -> str:
    return f"<!-- homelab:{marker} -->"


def _body(page: Path, marker: str, link: str | None) -> str:
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"can't read {page}: {error.strerror}") from error
    if len(text) > LONGEST:
        cut = text[:LONGEST].rpartition("\n")[0]
        text = f"{cut}\n\nThe rest is too long for GitHub; the job's summary has all of it.\n"
    tail = f"\n[The run]({link})\n" if link else ""
    return f"{_mark(marker)}\n{text}{tail}"
