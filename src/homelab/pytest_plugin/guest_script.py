"""What a container says about itself, as one JSON object: this file is run inside the container.

One run answers every question of the smoke suite, so that a container costs one round trip. It
uses Python's standard library alone (3.9 or newer, as Ansible needs there too), and reads Docker's
state from the engine's own API, which is faster than its command line.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

DOCKER_SOCKET = "/run/docker.sock"


class _Docker(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(DOCKER_SOCKET)


def docker() -> dict[str, Any]:
    """The engine's containers, or why it does not answer."""
    connection = _Docker("docker", timeout=10)
    try:
        connection.request("GET", "/containers/json?all=1")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return {"error": f"{type(error).__name__}: {error}", "containers": []}
    finally:
        connection.close()
    if answer.status != 200:
        return {"error": f"{answer.status} {body.decode(errors='replace')}", "containers": []}
    return {
        "error": None,
        "containers": [
            {
                "name": item["Names"][0].lstrip("/"),
                "image": item["Image"],
                "state": item["State"],
                "status": item["Status"],
                "stand_in": item["Labels"].get("org.homelab.stand-in") == "true",
            }
            for item in json.loads(body)
        ],
    }


def systemd() -> dict[str, Any]:
    failed = _said("systemctl", "list-units", "--failed", "--plain", "--no-legend", "--full")
    return {
        "state": _said("systemctl", "is-system-running").strip(),
        "failed": [line.split()[0] for line in failed.splitlines() if line.strip()],
    }


def interfaces() -> list[dict[str, Any]]:
    """Each interface with its IPv4 addresses."""
    return [
        {
            "name": link["ifname"],
            "addresses": [
                f"{entry['local']}/{entry['prefixlen']}" for entry in link.get("addr_info", ())
            ],
        }
        for link in json.loads(_said("ip", "-json", "-4", "address") or "[]")
    ]


def gateway() -> str | None:
    routes = json.loads(_said("ip", "-json", "-4", "route", "show", "default") or "[]")
    return routes[0].get("gateway") if routes else None


def mounts(paths: list[str]) -> list[dict[str, Any]]:
    """What is mounted at each of `paths`, with sizes in bytes; paths without a mount are left out."""
    found = {}
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        fields = line.split()
        path = fields[4].encode().decode("unicode_escape")
        if path in paths:
            size = os.statvfs(path)
            found[path] = {
                "path": path,
                "read_only": "ro" in fields[5].split(","),
                "size": size.f_blocks * size.f_frsize,
                "free": size.f_bavail * size.f_frsize,
            }
    return list(found.values())


def gather(paths: list[str]) -> dict[str, Any]:
    """All of it; `paths` are the mount points that are asked for."""
    return {
        "hostname": socket.gethostname(),
        "systemd": systemd(),
        "interfaces": interfaces(),
        "gateway": gateway(),
        "mounts": mounts(paths),
        "docker": docker(),
    }


def _said(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout


if __name__ == "__main__":
    json.dump(gather(sys.argv[1:]), sys.stdout)
