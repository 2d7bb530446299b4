from __future__ import annotations

from pathlib import Path

import pytest

from homelab.cli.app import run


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    shown = capsys.readouterr().out
    assert all(name in shown for name in ("plan", "deploy", "destroy", "probe", "doctor", "lab"))


def test_wrong_option_is_an_error_and_not_a_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--nonsense"]) == 1

    assert "No such option" in capsys.readouterr().err


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
