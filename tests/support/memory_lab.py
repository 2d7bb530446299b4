"""A lab with the memory runtime as a process of its own, and a client for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from proxmoxer import ProxmoxAPI

from homelab.lab import Lab, LabInfo
from homelab.polling import wait_until


def memory_lab(path: Path, **options: Any) -> Lab:
    """A lab on any free port; nothing is started."""
    return Lab(state=path, runtime="memory", **{"listen": "127.0.0.1:0", **options})


def client_of(info: LabInfo, mode: str = "token", **more: Any) -> Any:
    """A client that asks with the lab's token, or with its password."""
    host, port = info.api_url.split("/")[2].split(":")
    if mode == "password":
        credentials = {"password": info.password}
    else:
        credentials = {
            "token_name": info.token_id.partition("!")[2],
            "token_value": info.token_secret,
        }
    return ProxmoxAPI(
        host,
        port=int(port),
        user=info.user,
        verify_ssl=info.ca_file,
        **{**credentials, **more},
    )


def wait_for(client: Any, upid: str) -> dict[str, Any]:
    """The status of a task that has ended."""

    def ended() -> dict[str, Any] | None:
        status: dict[str, Any] = client.nodes("pve").tasks(upid).status.get()
        return status if status["status"] == "stopped" else None

    return wait_until(ended, what=upid, timeout=10, interval=0.01)


def create(client: Any, info: LabInfo, vmid: int = 100, **options: Any) -> dict[str, Any]:
    """Create a container and wait; returns the task's status."""
    upid = client.nodes("pve").lxc.post(
        vmid=vmid, ostemplate=info.template, rootfs=f"{info.storage}:4", **options
    )
    return wait_for(client, upid)
