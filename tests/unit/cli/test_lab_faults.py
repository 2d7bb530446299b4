from __future__ import annotations

import json
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
