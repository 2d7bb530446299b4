from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub, fake_github

from homelab.clients.github import GitHub
from homelab.repository.github.protection import compare


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with fake_github() as made:
        yield made


@pytest.fixture
def client(fake: FakeGitHub) -> GitHub:
    return GitHub("homelab/homelab", token=fake.token, api_url=fake.url)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rules": []}, "rule deletion is declared, and not on GitHub"),
        ({"enforcement": "disabled"}, 'enforcement is "disabled", and "active" is declared'),
        ({"name": "other"}, "ruleset 'main': is declared, and not on GitHub"),
        ({"bypass_actors": [{"actor_id": 5}]}, "bypass_actors is"),
    ],
)
def test_each_kind_of_difference_is_said(
    fake: FakeGitHub, client: GitHub, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    wanted = {
        "name": "main",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [],
        "rules": [{"type": "deletion"}],
    }
    directory = tmp_path / ".github" / "rulesets"
    directory.mkdir(parents=True)
    (directory / "main.json").write_text(json.dumps(wanted), encoding="utf-8")
    fake.rulesets = [{"id": 1, **wanted}]
    same = compare(client, tmp_path)
    fake.rulesets = [{"id": 1, **wanted, **change}]

    assert same.differences == ()
    assert any(said in line for line in compare(client, tmp_path).differences)
