"""The lab's node with real containers, as a client sees it, and a way into its containers."""

from __future__ import annotations

import subprocess
from typing import Any
from urllib.parse import urlsplit

from proxmoxer import ProxmoxAPI

from homelab.lab import LabInfo
from homelab.operations.target.lab_view import container_argv
from homelab.polling import wait_until

PLAIN = "local:vztmpl/debian-13-standard_13.0_amd64.tar.zst"


class Node:
    """The node, asked by its administrator with the password."""

    def __init__(self, info: LabInfo) -> None:
        self.reach(info)

    def reach(self, info: LabInfo) -> None:
        """Go to where the server is now."""
        address = urlsplit(info.api_url)
        self.info = info
        self.api: Any = ProxmoxAPI(
            address.hostname,
            port=address.port,
            user=info.user,
            password=info.password,
            verify_ssl=info.ca_file,
        ).nodes(info.node)

    def done(self, upid: str) -> str:
        """Wait for a task; how it ended."""

        def ended() -> str | None:
            status = self.api.tasks(upid).status.get()
            return str(status["exitstatus"]) if status["status"] == "stopped" else None

        return wait_until(ended, what=upid, timeout=120, interval=0.05)

    def ok(self, upid: str) -> None:
        """Wait for a task that has to end well."""
        ended = self.done(upid)
        assert ended == "OK", f"{ended}\n{self.log(upid)}"

    def log(self, upid: str) -> str:
        return "\n".join(line["t"] for line in self.api.tasks(upid).log.get(limit=200))

    def create(self, vmid: int, **options: object) -> Any:
        values = {"hostname": f"v{vmid}", "rootfs": "local-zfs:1", "unprivileged": 1, "memory": 256}
        values |= {"net0": f"name=eth0,bridge=vmbr0,ip=10.10.0.{vmid - 700}/24"}
        self.ok(self.api.lxc.post(vmid=vmid, ostemplate=PLAIN, **{**values, **options}))
        return self.api.lxc(vmid)

    def empty(self) -> None:
        """Remove every backup and every container, templates last."""
        for file in self.api.storage("local").content.get(content="backup"):
            self.api.storage("local").content(file["volid"]).delete()
        for guest in sorted(self.api.lxc.get(), key=lambda guest: guest.get("template", 0)):
            self.ok(self.api.lxc(guest["vmid"]).delete(force=1))

    def inside(self, vmid: int, command: str, *, code: int = 0) -> str:
        """What a shell in a container says."""
        argv = container_argv(self.info, str(vmid), ("sh", "-c", command))
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, f"{command}: {done.returncode} {done.stderr}"
        return (done.stdout + done.stderr).strip()

    def booted(self, vmid: int) -> None:
        """Wait until everything of a container has started."""
        wait_until(
            lambda: self.inside(vmid, "systemctl is-system-running || true") == "running",
            what="systemd",
            timeout=60,
        )
