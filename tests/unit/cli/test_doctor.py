from __future__ import annotations

import json
from pathlib import Path

import pytest

from homelab.cli.app import run


def test_each_check_is_told_and_what_is_missing_is_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["doctor", "--state", str(tmp_path), "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert {"name", "state", "detail", "fix"} == set(rows[0])
    assert code == int(any(row["state"] == "missing" for row in rows))

    assert run(["doctor", "--state", str(tmp_path)]) == code
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [row["state"] for row in rows]
