from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_github import FakeGitHub, fake_github

from homelab.cli.app import run


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A fake of GitHub, as a job of a pull request finds it."""
    event = tmp_path / "event.json"
    event.write_text('{"number": 7}')
    with fake_github() as made:
        monkeypatch.setenv("GITHUB_REPOSITORY", "homelab/homelab")
        monkeypatch.setenv("GITHUB_TOKEN", made.token)
        monkeypatch.setenv("GITHUB_API_URL", made.url)
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
        yield made


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "plan.md"
    path.write_text("### A plan\n")
    return path


def test_a_page_becomes_a_comment_of_the_events_pull_request(
    fake: FakeGitHub, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["github", "comment", "--file", str(page)]) == 0
    assert run(["github", "comment", "--file", str(page), "--pull-request", "8"]) == 0
    assert set(fake.comments) == {7, 8}
    assert "commented on pull request 7" in capsys.readouterr().out


def test_drift_is_an_issue(
    fake: FakeGitHub, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = page.with_name("plan.json")
    plan.write_text(json.dumps({"target": "production", "empty": False}))
    assert run(["github", "drift", "--file", str(page), "--plan", str(plan)]) == 0
    assert [issue["title"] for issue in fake.issues] == ["production is not as declared"]
    assert "opened issue 1" in capsys.readouterr().out


def test_a_difference_in_protection_is_a_change(
    fake: FakeGitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "homelab.toml").touch()
    rules = tmp_path / ".github" / "rulesets" / "main.json"
    rules.parent.mkdir(parents=True)
    wanted = {"name": "main", "target": "branch", "enforcement": "active", "rules": []}
    rules.write_text(json.dumps(wanted))
    words = ["github", "protection", "--project", str(tmp_path)]
    assert run(words) == 2
    assert "is declared, and not on GitHub" in capsys.readouterr().out
    fake.rulesets = [{"id": 1, **wanted}]
    assert run(words) == 0


def test_people_are_told_where_there_is_a_way(
    fake: FakeGitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HOMELAB_NTFY_URL", raising=False)
    assert run(["notify", "hello"]) == 0
    assert "nobody was notified" in capsys.readouterr().err
    monkeypatch.setenv("HOMELAB_NTFY_URL", f"{fake.url}/topic")
    assert run(["notify", "hello", "--urgent"]) == 0
    assert fake.notified == ["hello"]
