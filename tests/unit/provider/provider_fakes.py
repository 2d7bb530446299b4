"""A node that answers from a table, and keeps what it was asked."""

from __future__ import annotations

from typing import Any

from homelab.errors import ApiError

UPID = "UPID:pve:00000001:00000001:00000001:vzcreate:201:root@pam:"
CONFIG = {
    "arch": "amd64",
    "cmode": "tty",
    "console": 1,
    "cores": 2,
    "cpulimit": "0",
    "cpuunits": 1024,
    "description": "Plex\n",
    "digest": "0" * 40,
    "features": "nesting=1",
    "hostname": "plex",
    "memory": 1024,
    "mp0": "local-zfs:subvol-201-disk-1,mp=/srv/media,backup=0,size=64G",
    "net0": "name=eth0,bridge=vmbr0,firewall=1,gw=10.10.0.1,hwaddr=BC:24:11:00:00:01,"
    "ip=10.10.0.21/24,type=veth",
    "onboot": 1,
    "ostype": "debian",
    "rootfs": "local-zfs:subvol-201-disk-0,size=8G",
    "startup": "order=4",
    "swap": 0,
    "tags": "media;video",
    "tty": 2,
    "unprivileged": 1,
}


def missing(vmid: int = 201) -> ApiError:
    reason = f"Configuration file 'nodes/pve/lxc/{vmid}.conf' does not exist"
    return ApiError(500, reason, request=f"GET /nodes/pve/lxc/{vmid}/config")


class FakeApi:
    """Stands for `Connection`; an answer that is an exception is raised."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def request(self, method: str, path: str, parameters: dict[str, Any] | None = None) -> Any:
        self.asked.append((method, path, dict(parameters or {})))
        answer = self.answers.get(f"{method} {path}")
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def run(self, method: str, path: str, parameters: dict[str, Any] | None = None) -> str:
        self.request(method, path, parameters)
        return UPID

    def calls(self) -> list[str]:
        return [f"{method} {path}" for method, path, _ in self.asked]
