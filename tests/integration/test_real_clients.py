"""The lab, driven by clients that others wrote: proxmoxer and community.proxmox's modules.

Needs nothing but the packages that the project depends on; runs with the memory runtime.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException

from homelab.lab import Fault, Lab, LabInfo
from homelab.operations.labview import client as lab_client
from homelab.operations.parity import Recording, check

_PLAYBOOK = Path(__file__).parent / "playbooks" / "community-proxmox.yml"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(runtime="memory", ephemeral=True, nodes=2) as lab:
        yield lab


@pytest.fixture(scope="module")
def info(lab: Lab) -> LabInfo:
    return lab.info()


def _client(info: LabInfo) -> ProxmoxAPI:
    address = urlsplit(info.api_url)
    return ProxmoxAPI(
        address.hostname,
        port=address.port,
        user=info.user,
        password=info.password,
        verify_ssl=info.ca_file,
    )


def _wait(client: ProxmoxAPI, upid: str) -> str:
    for _ in range(600):
        status = client.nodes(upid.split(":")[1]).tasks(upid).status.get()
        if status["status"] == "stopped":
            return str(status["exitstatus"])
        time.sleep(0.05)
    raise AssertionError(f"{upid} did not end")


def test_proxmoxer_takes_a_container_through_its_life(info: LabInfo) -> None:
    client = _client(info)
    node = client.nodes(info.node)
    created = node.lxc.post(
        vmid=900, ostemplate=info.template, rootfs="local-zfs:2", hostname="px", tags=["b", "a"]
    )
    assert _wait(client, created) == "OK"
    guest = node.lxc(900)
    assert guest.config.get()["tags"] == "a;b"
    assert _wait(client, guest.snapshot.post(snapname="one")) == "OK"
    assert _wait(client, guest.clone.post(newid=901, hostname="copy")) == "OK"
    assert _wait(client, guest.status.start.post()) == "OK"
    assert _wait(client, guest.migrate.post(target=f"{info.node}2", restart=1)) == "OK"
    moved = client.nodes(f"{info.node}2").lxc(900)
    assert moved.status.current.get()["status"] == "running"
    assert _wait(client, moved.delete(force=1)) == "OK"
    assert _wait(client, node.lxc(901).delete()) == "OK"


def test_proxmoxer_uploads_a_template(info: LabInfo, tmp_path: Path) -> None:
    client = _client(info)
    path = tmp_path / "small_1.0_amd64.tar.gz"
    path.write_bytes(b"x" * 3_000_000)
    storage = client.nodes(info.node).storage("local")
    with path.open("rb") as file:
        upid = storage.upload.post(content="vztmpl", filename=file)
    assert _wait(client, upid) == "OK"
    sizes = {row["volid"]: row["size"] for row in storage.content.get(content="vztmpl")}
    assert sizes[f"local:vztmpl/{path.name}"] == 3_000_000


def test_a_fault_reaches_a_real_client(lab: Lab, info: LabInfo) -> None:
    control = lab.control()
    control.add_fault(Fault(path="/version", status=595, message="No route to host", times=1))
    client = _client(info)
    with pytest.raises(ResourceException, match="No route to host"):
        client.version.get()
    assert client.version.get()["release"].startswith("9.")
    (fault,) = control.faults()
    assert (fault.hits, fault.seen) == (1, 2)
    assert control.clear_faults() == 1


def test_community_proxmox_modules(info: LabInfo, tmp_path: Path) -> None:
    values = {
        "port": urlsplit(info.api_url).port,
        "password": info.password,
        "ansible_python_interpreter": sys.executable,
    }
    done = subprocess.run(
        (
            Path(sys.executable).with_name("ansible-playbook"),
            *("-i", "localhost,", "-c", "local", "-e", json.dumps(values), _PLAYBOOK),
        ),
        env={
            **os.environ,
            "ANSIBLE_HOME": str(tmp_path),
            "ANSIBLE_NOCOLOR": "1",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "failed=0" in done.stdout


def test_the_lab_answers_as_documented(info: LabInfo) -> None:
    client = _client(info)
    upid = client.nodes(info.node).lxc.post(
        vmid=910, ostemplate=info.template, rootfs="local-zfs:1", tags="a", start=1
    )
    assert _wait(client, upid) == "OK"
    report = check(lab_client(info), Recording.load())
    assert report.problems == ()
    assert report.skipped == ()
    assert report.compared > 10
    assert _wait(client, client.nodes(info.node).lxc(910).delete(force=1)) == "OK"
