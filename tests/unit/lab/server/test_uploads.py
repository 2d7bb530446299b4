"""Files that come in as multipart bodies, through the real server and a real client."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import requests
from memory_lab import client_of, wait_for

from homelab.lab import Lab
from homelab.lab.failures import ApiFailureError
from homelab.lab.server.limits import Limits
from homelab.lab.server.uploads import Uploads


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


@pytest.mark.parametrize(
    "parts",
    [
        [(f"field{number}", (None, "x")) for number in range(100)],
        [("content", (None, "x" * 1_000_000))],
        [("filename", ("a.iso", b"x")), ("filename", ("b.iso", b"x"))],
    ],
    ids=["many fields", "a large field", "two files"],
)
def test_a_form_without_measure_is_refused(shared: Lab, send, parts) -> None:
    assert send(parts).status_code == 501
    assert _left(shared) == []


def test_what_is_no_form_is_refused(shared: Lab) -> None:
    info = shared.info()
    headers = {
        "Authorization": f"PVEAPIToken={info.token_id}={info.token_secret}",
        "Content-Type": "multipart/form-data; boundary=x",
    }
    for body in (b"nonsense", b"--x\r\n\r\n", b"--x\r\n" + b"x" * 200_000):
        answer = requests.post(
            f"{info.api_url}/nodes/pve/storage/local/upload",
            data=body,
            headers=headers,
            verify=info.ca_file,
            timeout=10,
        )
        assert answer.status_code in {500, 501}
    assert _left(shared) == []


def test_files_that_come_in_at_once_have_room_together(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    uploads = Uploads(tmp_path / "in", Limits(upload_bytes=1 << 60, spare_bytes=0))
    first, second = uploads.new_path(), uploads.new_path()
    with uploads.room(first, free // 2):
        with pytest.raises(ApiFailureError, match="no room"), uploads.room(second, free // 2 + 1):
            pass
        first.write_text("x")
    assert not first.exists()
    for size in (None, 0, 1 << 61):
        with pytest.raises(ApiFailureError), uploads.room(first, size):
            pass


def test_what_was_left_goes_at_the_start(tmp_path: Path) -> None:
    left = Uploads(tmp_path, Limits()).new_path()
    left.write_text("x")
    (tmp_path / "other").write_text("x")
    Uploads(tmp_path, Limits())
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
