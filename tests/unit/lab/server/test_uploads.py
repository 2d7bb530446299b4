"""Files that come in as multipart bodies, through the real server and a real client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from memory_lab import client_of, wait_for

from homelab.lab import Lab


@pytest.fixture
def send(shared: Lab):
    info = shared.info()

    def send_(files: dict[str, Any], **fields: str) -> requests.Response:
        return requests.post(
            f"{info.api_url}/nodes/pve/storage/local/upload",
            data=fields,
            files=files,
            headers={"Authorization": f"PVEAPIToken={info.token_id}={info.token_secret}"},
            verify=info.ca_file,
            timeout=10,
        )

    return send_


def _left(lab: Lab) -> list[Path]:
    return list(lab.state_dir.rglob("pveupload-*"))


def test_a_file_comes_in_under_its_own_name(shared: Lab, send) -> None:
    content = b"\r\n--not a boundary\r\n" * 100_000
    answer = send({"filename": ("small disk.iso", content)}, content="iso")
    client = client_of(shared.info())
    assert wait_for(client, answer.json()["data"])["exitstatus"] == "OK"
    (row,) = client.nodes("pve").storage("local").content.get(content="iso")
    assert (row["volid"], row["size"]) == ("local:iso/small_disk.iso", len(content))
    assert (shared.state_dir / "files/pve/iso/small_disk.iso").read_bytes() == content
    assert _left(shared) == []
    gone = client.nodes("pve").storage("local").content(row["volid"]).delete()
    assert wait_for(client, gone)["exitstatus"] == "OK"


def test_of_what_is_refused_nothing_stays(shared: Lab, send) -> None:
    answer = send({"filename": ("disk.exe", b"x")}, content="iso")
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"filename": "wrong file extension"},
    )
    assert _left(shared) == []


def test_a_body_without_a_file_is_refused(send) -> None:
    answer = send({"content": (None, "iso")}, filename="a.iso")
    assert (answer.status_code, answer.reason) == (500, "missing temporary file name")
