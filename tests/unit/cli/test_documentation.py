from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from homelab.cli.app import run

ROOT = Path(__file__).parents[3]


def test_pages_are_written_and_found_stale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left_out = shutil.ignore_patterns(".terraform*", "terraform.tfstate*", "README.md")
    shutil.copytree(ROOT / "terraform", tmp_path / "terraform", ignore=left_out)
    (tmp_path / "homelab.toml").touch()
    words = ["docs", "--project", str(tmp_path)]

    assert run([*words, "--check"]) == 2
    assert "stale: docs/topology.md" in capsys.readouterr().out
    assert run(words) == 0
    assert "written: docs/topology.md" in capsys.readouterr().out
    assert run([*words, "--check"]) == 0
    assert capsys.readouterr().out == ""
