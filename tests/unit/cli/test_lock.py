from __future__ import annotations

import json
from pathlib import Path

import pytest

from homelab.cli.app import run
from homelab.operations.run.events import Stage
from homelab.operations.run.run import running
from homelab.settings import load


@pytest.fixture
def project(tmp_path: Path) -> list[str]:
    (tmp_path / "homelab.toml").touch()
    (tmp_path / "terraform").mkdir()
    return ["--project", str(tmp_path)]


def test_nobody_holds_a_lock(project: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lock", "status", *project]) == 0
    assert "nobody holds a lock of target lab" in capsys.readouterr().out
    assert run(["lock", "status", *project, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_who_works_here_is_named(project: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with running(load(Path(project[1])), "deploy", target=None, stages=(Stage.APPLY,)):
        assert run(["lock", "status", *project]) == 0
        assert "the project lock is held by" in capsys.readouterr().out
        assert run(["lock", "status", *project, "--json"]) == 0
        (row,) = json.loads(capsys.readouterr().out)
        assert row["lock"] == "project"


def test_a_release_wants_to_know_how_old(
    project: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lock", "release", *project]) == 1
    assert "--older-than" in capsys.readouterr().err
    assert run(["lock", "release", *project, "--older-than", "30m"]) == 0
    assert "nobody holds a lock" in capsys.readouterr().err
