"""Drives a Proxmox VE node with proxmoxer: a container's life, a template, and an API token.

The node is named by PM_API_URL, PM_USER, PM_PASS, HOMELAB_CA_FILE, HOMELAB_NODE and
HOMELAB_TEMPLATE.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException
from proxmoxer.tools import Tasks

NODE = os.environ["HOMELAB_NODE"]
TEMPLATE = os.environ["HOMELAB_TEMPLATE"]


def connect(**login: str) -> ProxmoxAPI:
    address = urlsplit(os.environ["PM_API_URL"])
    return ProxmoxAPI(
        address.hostname,
        port=address.port,
        verify_ssl=os.environ["HOMELAB_CA_FILE"],
        **login,
    )


def done(client: ProxmoxAPI, upid: str) -> None:
    assert Tasks.decode_upid(upid)["node"] == upid.split(":")[1]
    status = Tasks.blocking_status(client, upid, timeout=20, polling_interval=0.02)
    assert status is not None, f"{upid} did not end"
    assert status["exitstatus"] == "OK", status


@contextmanager
def refused(status: int) -> Iterator[list[ResourceException]]:
    """What is inside has to be refused; the error is put into the list."""
    found: list[ResourceException] = []
    try:
        yield found
    except ResourceException as error:
        found.append(error)
    assert [error.status_code for error in found] == [status], found


def container(client: ProxmoxAPI) -> None:
    node = client.nodes(NODE)
    done(
        client,
        node.lxc.post(
            vmid=900, ostemplate=TEMPLATE, rootfs="local-zfs:2", hostname="px", tags=["b", "a"]
        ),
    )
    guest = node.lxc(900)
    assert guest.config.get()["tags"] == "a;b"
    assert client.cluster.resources.get(type="vm")[0]["vmid"] == 900
    done(client, guest.snapshot.post(snapname="one"))
    done(client, guest.clone.post(newid=901, hostname="copy"))
    done(client, guest.status.start.post())
    done(client, guest.migrate.post(target=f"{NODE}2", restart=1))
    moved = client.nodes(f"{NODE}2").lxc(900)
    assert moved.status.current.get()["status"] == "running"
    done(client, moved.delete(force=1))
    done(client, node.lxc(901).delete())


def options(client: ProxmoxAPI) -> None:
    node = client.nodes(NODE)
    done(
        client,
        node.lxc.create(vmid=902, ostemplate=TEMPLATE, rootfs="local-zfs:1", start=1),
    )
    guest = node.lxc(902)
    guest.config.put(memory=256, cores=2, description="of proxmoxer")
    config = guest.config.get()
    assert (config["memory"], config["cores"]) == (256, 2), config
    for word, text in (("memory", "minimum value of 16"), ("colour", "not defined in schema")):
        with refused(400) as error:
            guest.config.put(**{word: 1})
        assert text in error[0].errors[word], error
    assert [row["pending"] for row in guest.pending.get() if "pending" in row] == []
    done(client, guest.resize.put(disk="rootfs", size="+1G"))
    done(client, guest.status.shutdown.post(timeout=5, forceStop=1))
    guest.template.post()
    for _ in range(200):
        if guest.config.get().get("template") == 1:
            break
        time.sleep(0.02)
    else:
        raise AssertionError("no template was made")
    done(client, guest.delete())


def template(client: ProxmoxAPI) -> None:
    storage = client.nodes(NODE).storage("local")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "small_1.0_amd64.tar.gz"
        path.write_bytes(b"x" * 3_000_000)
        with path.open("rb") as file:
            done(client, storage.upload.post(content="vztmpl", filename=file))
    sizes = {row["volid"]: row["size"] for row in storage.content.get(content="vztmpl")}
    assert sizes[f"local:vztmpl/{path.name}"] == 3_000_000, sizes


def token(client: ProxmoxAPI) -> None:
    client.access.users.post(userid="px@pve", password="long enough")
    client.access.acl.put(path="/", users="px@pve", roles="PVEAuditor")
    made = client.access.users("px@pve").token("ci").post(privsep=0)
    other = connect(user="px@pve", token_name="ci", token_value=made["value"])
    assert other.version.get()["release"]
    assert "Sys.Audit" in other.access.permissions.get()["/"]
    with refused(403) as error:
        other.nodes(NODE).lxc.post(vmid=903, ostemplate=TEMPLATE)
    assert error[0].content == "Permission check failed (/vms/903, VM.Allocate)", error
    client.access.users("px@pve").delete()


STEPS: tuple[Callable[[ProxmoxAPI], None], ...] = (container, options, template, token)

if __name__ == "__main__":
    proxmox = connect(user=os.environ["PM_USER"], password=os.environ["PM_PASS"])
    for step in STEPS:
        step(proxmox)
        print(f"ok {step.__name__}")  # noqa: T201
