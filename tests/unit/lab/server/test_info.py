from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from homelab.errors import ConfigurationError
from homelab.lab import Lab, LabInfo
from homelab.process import start_time_of


def test_a_stale_file_of_an_earlier_lab_is_no_obstacle(lab: Lab) -> None:
    info = lab.up()
    text = (lab.state_dir / "lab.json").read_text()
    lab.down()
    stale = {**json.loads(text), "pid": os.getpid(), "start_time": info.start_time}
    (lab.state_dir / "lab.json").write_text(json.dumps(stale))
    assert not lab.status().running
    assert lab.up().pid not in {info.pid, os.getpid()}
    (lab.state_dir / "lab.json").write_text("{")
    assert not lab.status().running
    with pytest.raises(ConfigurationError, match="another server uses"):
        lab.up()
    lab.down()
    assert lab.up().is_alive


def test_what_is_saved_is_read_back_and_secret(tmp_path: Path) -> None:
    info = _info(tmp_path, password="correct horse", notes=("no LXC here",))
    info.save()
    assert LabInfo.load(tmp_path) == info
    assert (tmp_path / "lab.json").stat().st_mode & 0o777 == 0o600
    assert "correct horse" not in repr(info)
    assert info.is_alive


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"pid": 1}', '"pid"'])
def test_what_is_not_whole_is_none(tmp_path: Path, text: str) -> None:
    assert LabInfo.load(tmp_path) is None
    (tmp_path / "lab.json").write_text(text)
    assert LabInfo.load(tmp_path) is None


def test_a_file_of_a_newer_lab_can_be_read(tmp_path: Path) -> None:
    info = _info(tmp_path)
    info.save()
    path = tmp_path / "lab.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "colour": "red"}))
    assert LabInfo.load(tmp_path) == info


def test_a_later_process_with_the_same_id_is_not_the_server(tmp_path: Path) -> None:
    assert not _info(tmp_path, start_time=1).is_alive


def _info(directory: Path, **more: Any) -> LabInfo:
    return LabInfo(
        **{
            "pid": os.getpid(),
            "start_time": start_time_of(os.getpid()),
            "runtime": "memory",
            "node": "pve",
            "api_url": "https://127.0.0.1:1/api2/json",
            "inside_api_url": None,
            "ca_file": "ca.pem",
            "user": "root@pam",
            "password": "secret",
            "token_id": "root@pam!homelab",
            "token_secret": "secret",
            "storage": "local-zfs",
            "template": "local:vztmpl/x.tar.zst",
            "netns": None,
            "mntns": None,
            "ssh_key": "id",
            "bridges": {"vmbr0": "10.10.0.1/24"},
            "state_dir": str(directory),
            "cache_dir": "cache",
            **more,
        }
    )
