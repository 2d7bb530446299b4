from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from homelab.lab.api.dispatch import Request

ROOT = "local-zfs:subvol-100-disk-0"


CONTENT = "/nodes/pve/storage/local/content"


def _do(node, method: str, path: str, **parameters: object) -> str:
    return str(node.wait(node.ask(method, path, **parameters).data)["exitstatus"])


def _upload(node, tmp_path: Path, name: str, **fields: str):
    file = tmp_path / "incoming"
    file.write_bytes(b"archive")
    form = "&".join(
        f"{key}={value}" for key, value in {"content": "vztmpl", **fields, "filename": name}.items()
    )
    return node.raw(
        Request(
            method="POST",
            path="/api2/json/nodes/pve/storage/local/upload",
            headers=node.headers,
            body=form.encode(),
            upload=file,
        )
    )


def test_an_uploaded_template_can_be_used(node, tmp_path) -> None:
    digest = hashlib.sha256(b"archive").hexdigest()
    answer = _upload(
        node,
        tmp_path,
        "alpine_3.22_amd64.tar.zst",
        **{"checksum-algorithm": "sha256", "checksum": digest},
    )
    assert node.wait(answer.data)["exitstatus"] == "OK"
    volid = "local:vztmpl/alpine_3.22_amd64.tar.zst"
    (row,) = [r for r in node.ask("GET", CONTENT).data if r["volid"] == volid]
    assert (row["size"], row["format"]) == (7, "tzst")
    assert node.create(ostemplate=volid)["exitstatus"] == "OK"
    assert _do(node, "DELETE", f"{CONTENT}/vztmpl/alpine_3.22_amd64.tar.zst") == "OK"


@pytest.mark.parametrize("name", ["alpine.zip", "alpine.iso"])
def test_a_template_has_its_suffix(node, tmp_path, name) -> None:
    answer = _upload(node, tmp_path, name)
    assert answer.errors == {"filename": "wrong file extension"}


def test_a_wrong_checksum_fails_in_the_task(node, tmp_path) -> None:
    answer = _upload(node, tmp_path, "a.tar.gz", checksum="00", **{"checksum-algorithm": "md5"})
    assert node.wait(answer.data)["exitstatus"].startswith("checksum mismatch")


def test_the_lab_reaches_no_other_network(node) -> None:
    ended = _do(
        node,
        "POST",
        "/nodes/pve/storage/local/download-url",
        content="iso",
        filename="a.iso",
        url="http://192.0.2.1/a.iso",
    )
    assert ended == "download failed: the lab reaches no network but this machine"


def test_a_volume_of_a_guest_is_no_file_to_remove(node) -> None:
    node.create()
    answer = node.ask("DELETE", f"/nodes/pve/storage/local-zfs/content/{ROOT}")
    assert answer.reason == "Cannot remove image, a guest with VMID '100' exists!"
