from __future__ import annotations

from pathlib import Path

import pytest

from homelab.cli.app import run

_LAYERS = """
[tool.importlinter]
root_package = "homelab"

[[tool.importlinter.contracts]]
name = "Layers"
type = "layers"
layers = ["homelab.high", "homelab.low"]
"""


def test_findings_are_the_exit_code_and_a_wrong_name_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "homelab.toml").touch()
    package = tmp_path / "src/homelab"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "low.py").write_text("import homelab.high\n")
    (package / "high.py").touch()
    (tmp_path / "pyproject.toml").write_text(_LAYERS)
    words = ["lint", "--project", str(tmp_path), "--only"]

    assert run([*words, "import-linter"]) == 1
    assert "src/homelab/low.py:1" in capsys.readouterr().err
    assert run([*words, "rouff"]) == 1
    assert "no such tool: rouff" in capsys.readouterr().err
