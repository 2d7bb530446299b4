"""What is said on GitHub, and what is compared with it, against a fake on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_github import FakeGitHub, fake_github

from homelab.clients.github import GitHub
from homelab.errors import ConfigurationError
from homelab.repository.github import notes
from homelab.settings import GitHubEnvironment


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with fake_github() as made:
        yield made


@pytest.fixture
def client(fake: FakeGitHub) -> GitHub:
    return GitHub("homelab/homelab", token=fake.token, api_url=fake.url)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "plan.md"
    path.write_text("### A plan\n", encoding="utf-8")
    return path


def test_comment_is_found_again_behind_a_page_of_others(
    fake: FakeGitHub, client: GitHub, page: Path
) -> None:
    fake.comments[7] = [{"id": number, "body": "hello"} for number in range(130)]

    first = notes.comment(client, 7, page, marker="plan", link="https://example.org/run")
    page.write_text("### Another plan\n", encoding="utf-8")
    second = notes.comment(client, 7, page, marker="plan")
    notes.comment(client, 7, page, marker="cost")

    assert (first[:9], second[:7]) == ("commented", "updated")
    assert len(fake.comments[7]) == 132
    assert fake.comments[7][130]["body"] == "<!-- homelab:plan -->\n### Another plan\n"


def test_long_page_is_cut_at_a_line(fake: FakeGitHub, client: GitHub, page: Path) -> None:
    page.write_text("| a row |\n" * 20_000, encoding="utf-8")

    notes.comment(client, 7, page, marker="plan")

    body = fake.comments[7][0]["body"]
    assert len(body) < 65_536
    assert "| a row |\n\nThe rest is too long" in body


def _plan(directory: Path, *, empty: bool) -> Path:
    path = directory / "plan.json"
    path.write_text(json.dumps({"target": "production", "empty": empty}), encoding="utf-8")
    return path


def test_one_issue_is_opened_updated_closed_and_opened_again(
    fake: FakeGitHub, client: GitHub, page: Path
) -> None:
    drifted, clean = True, False
    for state in (clean, drifted, drifted, clean, clean, drifted):
        notes.drift(client, _plan(page.parent, empty=not state), page)

    assert [issue["state"] for issue in fake.issues] == ["closed", "open"]
    assert fake.issues[0]["title"] == "production is not as declared"


def test_issue_of_somebody_else_with_the_label_is_left_alone(
    fake: FakeGitHub, client: GitHub, page: Path
) -> None:
    number = client.create_issue("Mine", "I noticed drift", label=notes.LABEL)

    notes.drift(client, _plan(page.parent, empty=True), page)

    assert fake.issues[number - 1]["state"] == "open"


def test_event_of_a_push_is_no_pull_request(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"ref": "refs/heads/main"}', encoding="utf-8")

    with pytest.raises(ConfigurationError, match="not started by a pull request"):
        notes.pull_request(GitHubEnvironment.read({"GITHUB_EVENT_PATH": str(event)}))
