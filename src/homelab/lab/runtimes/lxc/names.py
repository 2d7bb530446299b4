"""Names and host keys of the containers, for programs that run inside the node.

The node's mount namespace shows these files as /etc/hosts and /etc/ssh/ssh_config, so that
`ssh plex` works there, with the container's key checked.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from homelab.lab.runtime import Guest

_SSH_CONFIG = """\
# The lab's containers, by name or address. What follows is the host's own configuration.
Host *
    User root
    IdentityFile "{key}"
    UserKnownHostsFile "{known_hosts}"
    HashKnownHosts no
    CheckHostIP no

{own}"""


class Names:
    """Records of the containers under `containers`, and the files made from them in `directory`."""

    def __init__(self, containers: Path, directory: Path) -> None:
        self._containers = containers
        self._directory = directory
        self._lock = threading.Lock()

    @property
    def known_hosts(self) -> Path:
        """Every container's ssh host key."""
        return self._directory / "known_hosts"

    def prepare(self, ssh_key: Path) -> None:
        """Make all files; must come before they are mounted over the host's."""
        self._directory.mkdir(parents=True, exist_ok=True)
        own = Path("/etc/ssh/ssh_config")
        text = _SSH_CONFIG.format(
            key=ssh_key,
            known_hosts=self.known_hosts,
            own=own.read_text(encoding="utf-8") if own.exists() else "",
        )
        _rewrite(self._directory / "ssh_config", text)
        self.publish()

    def record(self, guest: Guest, *, host_key: str | None = None) -> None:
        """Remember a container's name, addresses and (from its creation) host key."""
        path = self._containers / str(guest.vmid) / "names.json"
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        before = _read(path)
        record = {
            "hostname": guest.hostname,
            "addresses": [
                nic.ip.partition("/")[0] for nic in guest.nics if nic.ip and "/" in nic.ip
            ],
            "host_key": host_key or before.get("host_key"),
        }
        if record != before:
            path.write_text(json.dumps(record), encoding="utf-8")
        self.publish()

    def publish(self) -> None:
        """Write the files anew from all records, in place: a mounted file keeps its inode."""
        with self._lock:
            hosts = Path("/etc/hosts")
            lines = [hosts.read_text(encoding="utf-8").rstrip()] if hosts.exists() else []
            keys: list[str] = []
            for path in sorted(self._containers.glob("*/names.json")):
                record = _read(path)
                if not record:
                    continue
                names = [record["hostname"], *record["addresses"]]
                lines += [f"{address} {record['hostname']}" for address in record["addresses"][:1]]
                if record["host_key"]:
                    keys.append(f"{','.join(names)} {' '.join(record['host_key'].split()[:2])}")
            _rewrite(self._directory / "hosts", "\n".join(lines) + "\n")
            _rewrite(self.known_hosts, "".join(f"{key}\n" for key in keys))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _rewrite(path: Path, text: str) -> None:
    with suppress(FileNotFoundError):
        if path.read_text(encoding="utf-8") == text:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
