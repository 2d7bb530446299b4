"""The servers that are measured, each a process of its own."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.api_client import Client, options
from homelab import Lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers."""

    name: str
    node: str
    pid: int
    client: Client
    ca_file: str = ""
    """What its certificate is signed by, where that is known."""

    def url(self, path: str) -> str:
        """Where a path of the API is."""
        return f"{self.client.url}{path}"

    @property
    def cpu(self) -> float:
        """CPU seconds so far."""
        text = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        user, system = text.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """Resident memory in MiB."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


@contextmanager
def homelab(*, nodes: int = 1) -> Iterator[Server]:
    """The lab on the memory runtime, with its state in a directory that goes away."""
    with tempfile.TemporaryDirectory(prefix="homelab-bench-") as directory:
        lab = Lab(state=Path(directory) / "lab", runtime="memory", ephemeral=True, nodes=nodes)
        with lab:
            info = lab.info()
            client = Client(info.api_url, info.user, info.password).log_in()
            yield Server(
                name="homelab",
                node=info.node,
                pid=info.pid,
                client=client,
                ca_file=info.ca_file,
            )


@contextmanager
def fakepve(vmids: range, *, node: str = "pve1") -> Iterator[Server]:
    """fakepve with stopped containers in it."""
    with tempfile.TemporaryDirectory(prefix="fakepve-bench-") as directory:
        guests = Path(directory) / "guests.json"
        rows = [
            {"type": "lxc", "vmid": vmid, "name": f"service-{vmid}", "node": node}
            | {"config": {**options(vmid), "rootfs": f"local-lvm:vm-{vmid}-disk-0,size=8G"}}
            for vmid in vmids
        ]
        guests.write_text(json.dumps({"guests": rows}), encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "fakepve", str(guests)]
        command += ["--host", "127.0.0.1", "--port", str(port), "--time-scale", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                if "listening" not in process.stdout.readline():
                    raise RuntimeError("fakepve did not start")
                url = f"https://127.0.0.1:{port}/api2/json"
                client = Client(url, "root@pam", "secret").log_in()
                yield Server(name="fakepve", node=node, pid=process.pid, client=client)
            finally:
                process.terminate()
