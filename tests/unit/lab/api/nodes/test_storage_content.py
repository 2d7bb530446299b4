from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

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


class _Elsewhere(BaseHTTPRequestHandler):
    """Sends whoever asks to another address; what is asked there is noted."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.headers["Host"])
        self.send_response(302 if self.path == "/there" else 200)
        self.send_header("Location", f"http://127.0.0.2:{self.server.server_port}/disk.iso")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_the_lab_is_sent_to_no_other_network_either(node) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        upid = node.ask(
            "POST",
            "/nodes/pve/storage/local/download-url",
            url=f"http://127.0.0.1:{server.server_port}/there",
            content="iso",
            filename="disk.iso",
        ).data
        status = node.wait(upid)["exitstatus"]
        server.shutdown()
    assert status == "download failed: the lab reaches no network but this machine"
    assert _Elsewhere.asked == [f"127.0.0.1:{server.server_port}"]
    assert node.ask("GET", "/nodes/pve/storage/local/content", content="iso").data == []


def test_a_volume_shows_what_it_is(node) -> None:
    node.create(rootfs="local-zfs:2")
    shown = node.ask("GET", "/nodes/pve/storage/local-zfs/content/subvol-100-disk-0").data
    assert (shown["size"], shown["format"]) == (2 << 30, "subvol")
    answer = node.ask("GET", "/nodes/pve/storage/local-zfs/content/subvol-101-disk-0")
    assert answer.reason == "volume 'local-zfs:subvol-101-disk-0' does not exist"


def test_appliances_are_the_labs_own_templates(node) -> None:
    rows = node.ask("GET", "/nodes/pve/aplinfo").data
    name = rows[0]["template"]
    assert name == "debian-13-homelab_13.0_amd64.tar.zst"
    fetched = node.ask("POST", "/nodes/pve/aplinfo", storage="local", template=name).data
    assert node.wait(fetched)["exitstatus"] == "OK"
    answer = node.ask("POST", "/nodes/pve/aplinfo", storage="local", template="none.tar.zst")
    assert answer.errors == {"template": "no such template 'none.tar.zst'"}
    answer = node.ask("POST", "/nodes/pve/aplinfo", storage="local-zfs", template=name)
    assert answer.reason == "storage 'local-zfs' does not support templates"


def test_who_may_bring_files_may_not_have_the_node_ask_for_them(node) -> None:
    node.ask("POST", "/access/users", userid="ann@pve", password="long enough").data  # noqa: B018
    node.ask("PUT", "/access/acl", path="/storage", roles="PVEDatastoreAdmin", users="ann@pve")
    ann = node.log_in("ann@pve", "long enough")
    words = {"content": "iso", "filename": "a.iso", "url": "http://127.0.0.1:1/a.iso"}
    answer = ann.ask("POST", "/nodes/pve/storage/local/download-url", **words)
    assert answer.status == 403
    node.ask("POST", "/access/roles", roleid="Net", privs="Sys.AccessNetwork")
    node.ask("PUT", "/access/acl", path="/nodes/pve", roles="Net", users="ann@pve")
    upid = ann.ask("POST", "/nodes/pve/storage/local/download-url", **words).data
    assert "Connection refused" in node.wait(upid)["exitstatus"]
    assert not list(node.directory.rglob("pveupload-*"))
