from __future__ import annotations

from pathlib import Path

import pytest

from homelab.cli.app import run
from homelab.cli.lab import VARIABLES
from homelab.lab import Lab


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    shown = capsys.readouterr().out
    assert all(name in shown for name in ("plan", "deploy", "destroy", "probe", "doctor", "lab"))


def test_wrong_option_is_an_error_and_not_a_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--nonsense"]) == 1

    assert "No such option" in capsys.readouterr().err


def test_unset_takes_back_every_export(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "env", "--unset"]) == 0

    assert capsys.readouterr().out.splitlines() == [f"unset {name}" for name in VARIABLES]


def test_error_is_printed_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMELAB_LAB_STATE", str(tmp_path / "lab"))

    assert run(["lab", "exec"]) == 1

    assert "what to do: write it after --" in capsys.readouterr().err


def test_full_disk_is_an_error_with_what_to_do_and_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_variable: object) -> None:
        with Path("/dev/full").open("w", encoding="ascii", buffering=1) as device:
            device.write("x\n")

    monkeypatch.setattr("homelab.cli.lab.open_lab", full)

    assert run(["lab", "down"]) == 1

    shown = capsys.readouterr().err
    assert "error: the system refused: [Errno 28] No space left on device" in shown
    assert "what to do: free space" in shown


def test_server_starts_without_a_word_in_its_log_that_is_not_its_own(tmp_path: Path) -> None:
    with Lab(state=tmp_path / "lab", runtime="memory", listen="127.0.0.1:0") as lab:
        log = lab.state_dir / "server.log"

    lines = log.read_text(encoding="utf-8").splitlines()
    assert lines
    assert not [line for line in lines if " INFO " not in line]


def test_status_is_no_error_when_there_is_no_lab(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMELAB_LAB_STATE", str(tmp_path / "lab"))

    assert run(["lab", "status"]) == 0

    assert "lab: down" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["lab", "env"], ["lab", "exec", "--", "true"]])
def test_what_needs_a_lab_says_that_there_is_none(
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOMELAB_LAB_STATE", str(tmp_path / "lab"))
    monkeypatch.setattr("homelab.cli.lab.require_root", lambda _: None)

    assert run(words) == 1

    assert "does not run" in capsys.readouterr().err


def test_capabilities_lists_the_endpoints(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "capabilities"]) == 0

    assert "/nodes/{node}/lxc" in capsys.readouterr().out
