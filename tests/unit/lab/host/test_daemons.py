from __future__ import annotations

import os
from pathlib import Path

import pytest

from homelab.lab.host.daemons import Daemon
from homelab.process import start_time_of


def test_a_process_is_found_again_by_its_record(tmp_path: Path) -> None:
    began = start_time_of(os.getpid())
    assert began is not None
    mine = Daemon(pid=os.getpid(), start_time=began)
    mine.save(tmp_path / "init.json")
    assert Daemon.load(tmp_path / "init.json") == mine
    Daemon(pid=os.getpid(), start_time=began - 1).save(tmp_path / "init.json")
    assert Daemon.load(tmp_path / "init.json") is None  # an earlier one of that id


@pytest.mark.parametrize("text", ["", "[]", '{"pid": 1}', '{"pid": 1, "start_time": 2, "x": 3}'])
def test_what_is_no_record_names_no_process(tmp_path: Path, text: str) -> None:
    assert Daemon.load(tmp_path / "none.json") is None
    (tmp_path / "init.json").write_text(text)
    assert Daemon.load(tmp_path / "init.json") is None
