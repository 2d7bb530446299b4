from __future__ import annotations

import json
from pathlib import Path

import pytest

from homelab.cli.app import run


@pytest.fixture
def project(tmp_path: Path) -> list[str]:
    (tmp_path / "homelab.toml").write_text('[targets.production]\nkind = "proxmox"\n')
    (tmp_path / "terraform").mkdir()
    return ["--project", str(tmp_path), "--target", "production"]


def test_where_the_state_is_and_that_there_is_none(
    project: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["state", "show", *project]) == 0
    assert "nothing yet" in capsys.readouterr().out
    assert run(["state", "show", *project, "--json"]) == 0
    (place,) = json.loads(capsys.readouterr().out)
    assert (place["used"], place["serial"], place["resources"]) == (True, None, 0)


@pytest.mark.parametrize("command", ["init", "migrate"])
def test_a_local_state_has_no_database(
    project: list[str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["state", command, *project]) == 1
    assert 'set state = "pg" in [targets.production]' in capsys.readouterr().err
