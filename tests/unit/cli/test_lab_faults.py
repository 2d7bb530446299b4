from __future__ import annotations

from pathlib import Path

from homelab.cli.app import run
from homelab.lab import Lab


def test_faults_are_added_listed_and_cleared(tmp_path: Path, capsys) -> None:
    state = tmp_path / "lab"
    with Lab(state=state, runtime="memory", listen="127.0.0.1:0") as lab:
        where = ["--state", str(state)]
        assert run(["lab", "fault", "add", *where, "--path", "/version", "--times", "2"]) == 0
        assert run(["lab", "fault", "list", *where]) == 0
        assert "* /version: injected fault, the first 2" in capsys.readouterr().out
        assert run(["lab", "fault", "add", *where]) == 1
        assert "a fault matches one of" in capsys.readouterr().err
        assert run(["lab", "fault", "clear", *where]) == 0
        assert lab.control().faults() == ()
        assert run(["lab", "fault", "list", *where]) == 0
        assert "no faults" in capsys.readouterr().err
