from __future__ import annotations

import json

import pytest

from homelab.cli.app import run
from homelab.lab import Lab


def test_the_lab_answers_as_the_recording_that_ships(
    shared: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["parity", "check", "--state", str(shared.state_dir)]

    assert run([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["problems"] == []
    assert report["compared"] >= 10
    assert run(words) == 0
    assert "replies compared (documented), 0 differences" in capsys.readouterr().err


def test_another_recording_is_a_change(shared: Lab, tmp_path, capsys) -> None:
    (tmp_path / "r.json").write_text("{}")
    words = ["parity", "check", "--state", str(shared.state_dir), "--recording"]

    assert run([*words, str(tmp_path / "r.json")]) == 1
    assert "is damaged" in capsys.readouterr().err
