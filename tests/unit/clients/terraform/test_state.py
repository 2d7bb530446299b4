"""A state that was cut off while it was written is put aside, any other stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from homelab.clients.terraform.state import set_aside_if_damaged, state_file

WHOLE = '{"version": 4, "resources": []}'


@pytest.mark.parametrize("text", ["", WHOLE[:-5], "null", "\x00" * 10])
def test_a_damaged_state_is_kept_under_another_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "terraform.tfstate"
    path.write_text(text)
    aside = set_aside_if_damaged(path)
    assert aside is not None
    assert aside.read_text() == text
    assert not path.exists()


def test_a_whole_state_stays(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfstate"
    path.write_text(WHOLE)
    assert set_aside_if_damaged(path) is None
    assert path.read_text() == WHOLE


def test_no_state_is_fine(tmp_path: Path) -> None:
    assert set_aside_if_damaged(tmp_path / "terraform.tfstate") is None


def test_a_state_that_is_being_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfstate"
    path.write_text("{")
    script = (
        "import fcntl, sys; f = open(sys.argv[1], 'r+b'); fcntl.lockf(f, fcntl.LOCK_EX);"
        "print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert set_aside_if_damaged(path) is None
        assert path.exists()
        holder.communicate()


def test_the_state_of_a_workspace(tmp_path: Path) -> None:
    data = tmp_path / ".terraform"
    data.mkdir()
    assert state_file(tmp_path, data) == tmp_path / "terraform.tfstate"
    expected = tmp_path / "terraform.tfstate.d" / "production" / "terraform.tfstate"
    assert state_file(tmp_path, data, "production") == expected
    (data / "environment").write_text("production")
    assert state_file(tmp_path, data) == expected
