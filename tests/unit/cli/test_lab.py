from __future__ import annotations

import json
from pathlib import Path

import pytest

from homelab.cli.app import run
from homelab.cli.lab import VARIABLES


def test_unset_takes_back_every_export(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "env", "--unset"]) == 0

    assert capsys.readouterr().out.splitlines() == [f"unset {name}" for name in VARIABLES]


def test_error_is_printed_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMELAB_LAB_STATE", str(tmp_path / "lab"))

    assert run(["lab", "exec"]) == 1

    assert "what to do: write it after --" in capsys.readouterr().err


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


def test_capabilities_tell_what_is_refused_and_why(capsys) -> None:
    assert run(["lab", "capabilities"]) == 0
    shown = capsys.readouterr().out
    assert "refused: the lab has no Ceph" in shown
    assert "stored only" in shown


def test_capabilities_tell_which_clients_drove_an_endpoint(capsys) -> None:
    assert run(["lab", "capabilities", "--json"]) == 0
    rows = {(row["method"], row["path"]): row for row in json.loads(capsys.readouterr().out)}
    assert {"go-proxmox", "proxmox-api"} <= set(
        rows["POST", "/nodes/{node}/lxc"]["driven by"].split(", ")
    )
    assert rows["any", "/cluster/ceph"]["driven by"] == "-"
