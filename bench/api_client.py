"""A thin client of PVE's API for filling a node: nothing but http.client, one per thread."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import local
from typing import Any
from urllib.parse import urlencode, urlsplit

_IDLE = 30.0
"""Seconds after which the server may have closed a connection."""
TEMPLATE = "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst"


@dataclass
class Client:
    """Asks with a ticket over connections that are kept open."""

    url: str
    """Such as https://127.0.0.1:8006/api2/json."""
    user: str
    password: str
    headers: dict[str, str] = field(default_factory=dict)
    _local: local = field(default_factory=local)

    def log_in(self) -> Client:
        """Get a ticket."""
        ticket = self.ask("POST", "/access/ticket", username=self.user, password=self.password)
        self.headers = {
            "Cookie": f"PVEAuthCookie={ticket['ticket']}",
            "CSRFPreventionToken": ticket["CSRFPreventionToken"],
        }
        return self

    def ask(self, method: str, path: str, /, **values: object) -> Any:
        """The reply's data."""
        target = urlsplit(self.url)
        connection = getattr(self._local, "connection", None)
        if connection is None:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = http.client.HTTPSConnection(target.netloc, context=context)
            self._local.connection = connection
        elif time.monotonic() - self._local.used > _IDLE:
            connection.close()  # http.client opens it again
        self._local.used = time.monotonic()
        form, where = urlencode(values), target.path + path
        if method == "GET":
            connection.request(method, f"{where}?{form}" if form else where, headers=self.headers)
        else:
            headers = {**self.headers, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request(method, where, form or None, headers)
        reply = connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise RuntimeError(f"{method} {path}: {reply.status} {reply.reason}")
        return json.loads(body)["data"]


def create(
    client: Client, vmids: Iterable[int], *, node: Callable[[int], str], threads: int = 8
) -> None:
    """Create containers that are described as Terraform would, and start none of them."""

    def one(vmid: int) -> None:
        client.ask(
            "POST",
            f"/nodes/{node(vmid)}/lxc",
            vmid=vmid,
            ostemplate=TEMPLATE,
            **options(vmid),
        )

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(one, vmids):
            pass


def options(vmid: int) -> dict[str, str]:
    """What a service's container usually has."""
    return {
        "hostname": f"service-{vmid}",
        "cores": "2",
        "memory": "2048",
        "swap": "512",
        "rootfs": "local-zfs:8",
        "net0": f"name=eth0,bridge=vmbr0,ip=10.10.{vmid // 250 % 250}.{vmid % 250 + 2}/16",
        "tags": "bench;service",
        "onboot": "1",
    }
