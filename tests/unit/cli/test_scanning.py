from __future__ import annotations

from pathlib import Path

import pytest

from homelab.cli.app import run


def test_findings_are_the_exit_code_and_a_wrong_name_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "homelab.toml").touch()
    (tmp_path / "a.py").write_text("import os\n")
    words = ["lint", "--project", str(tmp_path), "--only"]

    assert run([*words, "ruff"]) == 1
    assert "a.py:1" in capsys.readouterr().err
    assert run([*words, "rouff"]) == 1
    assert "no such tool: rouff" in capsys.readouterr().err
