from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_github import FakeGitHub, fake_github

from homelab.clients.github import GitHub, GitHubError
from homelab.errors import ConfigurationError, UnreachableError
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


def test_refusal_names_request_and_permission(fake: FakeGitHub, page: Path) -> None:
    stranger = GitHub("homelab/homelab", token="wrong", api_url=fake.url)

    with pytest.raises(GitHubError, match="401 Bad credentials") as caught:
        notes.comment(stranger, 7, page, marker="plan")

    assert "permission" in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_nobody_there_is_one_error(page: Path) -> None:
    nowhere = GitHub("homelab/homelab", token=None, api_url="http://127.0.0.1:9")

    with pytest.raises(UnreachableError, match="no answer"):
        notes.comment(nowhere, 7, page, marker="plan")


def test_everything_behind_the_first_page_is_read(fake: FakeGitHub, client: GitHub) -> None:
    fake.comments[7] = [{"id": number, "body": None} for number in range(250)]
    found = list(client.comments(7))
    assert [note.number for note in found] == list(range(250))
    assert {note.body for note in found} == {""}
    assert fake.requests.count("GET /repos/homelab/homelab/issues/7/comments") == 3


def test_pull_requests_are_no_issues(fake: FakeGitHub, client: GitHub) -> None:
    number = client.create_issue("Mine", "words", label="drift")
    client.create_issue("Theirs", "words", label="drift")
    fake.issues[1]["pull_request"] = {"url": "..."}
    assert [note.number for note in client.open_issues("drift")] == [number]
    client.update_issue(number, close=True)
    assert list(client.open_issues("drift")) == []
    assert fake.issues[0]["state_reason"] == "completed"


def test_an_environment_that_is_not_there_is_none(fake: FakeGitHub, client: GitHub) -> None:
    fake.environments["production"] = {"name": "production"}
    assert client.environment("production") == {"name": "production"}
    assert client.environment("staging") is None


def test_a_job_that_names_no_repository_is_told_what_to_set() -> None:
    with pytest.raises(ConfigurationError, match="GITHUB_REPOSITORY is not set") as caught:
        GitHub.from_environment(GitHubEnvironment.read({}))
    assert "GITHUB_TOKEN" in str(caught.value.hint)


def test_the_repository_of_a_job_is_asked(fake: FakeGitHub) -> None:
    environment = {
        "GITHUB_REPOSITORY": "homelab/homelab",
        "GITHUB_TOKEN": fake.token,
        "GITHUB_API_URL": f"{fake.url}/",
    }
    client = GitHub.from_environment(GitHubEnvironment.read(environment))
    assert list(client.comments(1)) == []
    assert client.repository == "homelab/homelab"
