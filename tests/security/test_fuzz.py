"""Random requests of several users to a lab's process: none hangs, and nothing is lost."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import signal
import ssl
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import hostile
import pytest
from lab_contents import VALUES, lasting, paths
from memory_lab import memory_lab

from homelab.lab import Lab, LabInfo
from homelab.lab.api.endpoint import Endpoint
from homelab.lab.api.table import ENDPOINTS
from homelab.lab.server.state_directory import SERVER_LOG
from homelab.polling import wait_until
from homelab.process import is_alive
from homelab.pve.schema import Parameter

_PATIENCE = 10.0
"""Seconds after which a request without an answer counts as one that hangs."""
_PASSWORD = "long enough"
_ACTING = ("carl@pve", "dora@pve")
"""Users that no request names: one that is removed would be answered late."""
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass
class _Client:
    """Asks a lab as one user; a connection is kept as long as the server keeps it."""

    info: LabInfo
    headers: dict[str, str] = field(default_factory=dict)
    _connection: http.client.HTTPSConnection | None = None

    def ask(
        self, method: str, path: str, body: bytes = b"", kind: str = _FORM
    ) -> tuple[int, bytes]:
        """Status and body of the answer.

        Raises:
            TimeoutError: there was none in time.
        """
        if self._connection is None:
            host, port = self.info.api_url.split("/")[2].split(":")
            context = ssl.create_default_context(cafile=self.info.ca_file)
            self._connection = http.client.HTTPSConnection(
                host, int(port), timeout=_PATIENCE, context=context
            )
        headers = {**self.headers, **({"Content-Type": kind} if body else {})}
        try:
            self._connection.request(
                method, f"/api2/json{path}", body=body or None, headers=headers
            )
            answer = self._connection.getresponse()
            content = answer.read()
        except http.client.HTTPException:
            self.close()
            raise
        if answer.will_close:
            self.close()
        return answer.status, content

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def data(self, method: str, path: str, /, **values: str) -> Any:
        query = f"?{urlencode(values)}" if method == "GET" and values else ""
        status, content = self.ask(method, path + query, urlencode(values).encode() * (not query))
        return json.loads(content)["data"] if status == 200 else status


def _logged_in(info: LabInfo, user: str, password: str) -> _Client:
    client = _Client(info)
    answer = client.data("POST", "/access/ticket", username=user, password=password)
    client.close()
    return _Client(
        info,
        {
            "Cookie": f"PVEAuthCookie={quote(answer['ticket'])}",
            "CSRFPreventionToken": answer["CSRFPreventionToken"],
        },
    )


def _everybody(info: LabInfo) -> list[_Client]:
    """Root by ticket and by token, a user with many rights and one with none, and a token."""
    root = _logged_in(info, info.user, info.password)
    for user in _ACTING:
        root.data("POST", "/access/users", userid=user, password=_PASSWORD)
    root.data("PUT", "/access/acl", path="/", users=_ACTING[0], roles="PVEAdmin")
    made = root.data("POST", f"/access/users/{_ACTING[0]}/token/ci", privsep="0")
    tokens = [f"{info.token_id}={info.token_secret}", f"{made['full-tokenid']}={made['value']}"]
    return [
        root,
        *(_Client(info, {"Authorization": f"PVEAPIToken={token}"}) for token in tokens),
        *(_logged_in(info, user, _PASSWORD) for user in _ACTING),
    ]


def _plausible(chance: random.Random, name: str, parameter: Parameter) -> str:
    """A value that is likely to be taken."""
    if parameter.enum:
        return chance.choice(parameter.enum)
    if name in {"vmid", "newid", "vms"}:
        return str(chance.randrange(100, 106))
    if parameter.type in {"boolean", "integer", "number"}:
        return str(int(parameter.minimum or 0) + chance.randrange(2))
    known = {
        **VALUES,
        "ostemplate": "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst",
        "rootfs": "local-zfs:1",
        "storage": "local-zfs",
        "disk": "rootfs",
        "size": "+1M",
        "privs": "VM.Audit",
        "roles": "PVEAuditor",
        "users": "bob@pve",
        "path": "/vms",
        "cidr": "10.0.0.1",
        "action": "ACCEPT",
        "search": "lab",
        "description": "a\nb",
    }
    return known.get(name, "net")


def _request(chance: random.Random, endpoint: Endpoint) -> tuple[str, bytes, str]:
    """Path, body and its kind."""
    hostility = chance.random() * 0.5

    def value(name: str, parameter: Parameter) -> str:
        if chance.random() < hostility:
            return chance.choice(hostile.VALUES)
        return _plausible(chance, name, parameter)

    def in_path(match: re.Match[str]) -> str:
        word = VALUES.get(match[1], "backup/none")
        if match[1] == "vmid":
            word = str(chance.randrange(100, 106))
        if chance.random() < hostility / 4:
            word = chance.choice(hostile.VALUES)[:2000]
        return quote(word, safe="/" if match[0].endswith("*}") else "", errors="surrogatepass")

    path = re.sub(r"\{(\w+)\*?\}", in_path, endpoint.path)
    names = [n for n, p in endpoint.parameters.items() if p.required]
    others = sorted(endpoint.parameters)
    names += chance.sample(others, min(len(others), chance.randrange(4)))
    values = {name: value(name, endpoint.parameters[name]) for name in names}
    if endpoint.method in {"GET", "DELETE"}:
        query = urlencode(values, errors="surrogatepass")
        return (f"{path}?{query}" if len(query) < 6000 else path), b"", _FORM
    if chance.random() < 0.3:
        sent: dict[str, object] = dict(values)
        if sent and chance.random() < 0.3:
            odd = (None, 1e400, -1, 10**4000, [], ["x"] * 2000, {"a": {}}, [[1]], True, 0.1)
            sent[chance.choice(sorted(sent))] = chance.choice(odd)
        return path, json.dumps(sent).encode(), _JSON
    return path, urlencode(values, errors="surrogatepass").encode(), _FORM


_LEFT_OUT = re.compile(
    r"^/access/(?:password|ticket)$"  # a wrong login is answered late
    r"|/shutdown$|/reboot$|/download-url$|/upload$|/migrate$"
)


def _state(client: _Client) -> dict[str, tuple[int, Any]]:
    """Everything that root may read, as it is when no task runs."""

    def idle() -> bool:
        return client.data("GET", "/nodes/pve/tasks", source="active") == []

    wait_until(idle, what="the tasks", timeout=60, interval=0.05)
    found: dict[str, tuple[int, Any]] = {}
    for vmid in range(100, 106):
        for path, query in paths(values={**VALUES, "vmid": str(vmid)}).items():
            if path not in found:
                words = f"?{urlencode(query)}" if query else ""
                status, content = client.ask("GET", path + words)
                found[path] = status, _without_beginning(json.loads(content)["data"])
    return lasting(found)


def _without_beginning(data: Any) -> Any:
    """Without the times of templates, which are of the server's start."""
    if not isinstance(data, list):
        return data
    return [
        {**row, "ctime": 0} if isinstance(row, dict) and row.get("content") == "vztmpl" else row
        for row in data
    ]


@contextmanager
def _lab(path: Path) -> Iterator[Lab]:
    lab = memory_lab(path)
    try:
        yield lab
    finally:
        lab.destroy()


def test_random_requests_do_no_harm(
    tmp_path: Path, seed: int, requests: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed)  # noqa: S311
    endpoints = [e for e in ENDPOINTS if not _LEFT_OUT.search(e.path)]
    counts: Counter[str] = Counter()
    with _lab(tmp_path / "lab") as lab:
        info = lab.up()
        clients = _everybody(info)
        hanging: list[str] = []
        for _ in range(requests):
            endpoint, client = chance.choice(endpoints), chance.choice(clients)
            path, body, kind = _request(chance, endpoint)
            try:
                status, content = client.ask(endpoint.method, path, body, kind)
            except TimeoutError:
                client.close()
                hanging.append(f"{endpoint.method} {path}")
                continue
            except (http.client.HTTPException, ConnectionError):
                client.close()
                status, content = 0, b"{}"
            counts[f"{status // 100}xx"] += 1
            if status:
                json.loads(content)
        before = _state(clients[0])
        for client in clients:
            client.close()
        os.kill(info.pid, signal.SIGKILL)
        wait_until(
            lambda: not is_alive(info.pid, start_time=info.start_time),
            what="the server",
            timeout=10,
            interval=0.01,
        )
        again = _logged_in(lab.up(), info.user, info.password)
        after = _state(again)
        again.close()
        log = (lab.state_dir / SERVER_LOG).read_text(encoding="utf-8", errors="replace")
    different = [path for path in before if before[path] != after.get(path)]
    with capsys.disabled():
        sys.stdout.write(
            f"\nseed {seed}: {requests} requests, {counts['4xx']} refused (4xx), "
            f"{counts['5xx']} answered 5xx, {len(hanging)} hanging; of {len(before)} answers "
            f"{len(different)} differ after kill -9\n"
        )
    assert hanging == []
    assert counts["0xx"] == 0
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:4000]
    assert different == [], {path: (before[path], after.get(path)) for path in different}
