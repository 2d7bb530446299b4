"""Replays what Telmate's provider was seen to send (requests.txt) and checks the answers.

Every answer has to have the status and the reason that the provider goes by, the types that it
reads, and the values that were sent before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from homelab.lab.api.dispatch import Request

_FILE = Path(__file__).parent / "requests.txt"
_NUMBER = (int, float)
_GUEST = {"cpu": _NUMBER, "mem": int, "disk": int, "netin": int, "netout": int, "uptime": int}
_CONFIG_NUMBERS = (
    *("console", "cores", "cpuunits", "memory", "onboot", "protection", "swap", "tty"),
    "unprivileged",
)
SHAPES: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "GET /access/users": {"userid": str, "enable": int, "expire": int, "realm-type": str},
    "GET /cluster/resources": {
        **_GUEST,
        **dict.fromkeys(("id", "name", "node", "status", "type"), str),
        **dict.fromkeys(("maxcpu", "maxdisk", "maxmem", "template", "vmid"), int),
    },
    "GET /lxc/config": {
        **dict.fromkeys(("arch", "digest", "hostname", "ostype", "rootfs"), str),
        **dict.fromkeys(("memory", "swap", "unprivileged"), int),
    },
    "GET /lxc/pending": {"key": str},
    "GET /lxc/status/current": {
        **_GUEST,
        **dict.fromkeys(("name", "status", "type"), str),
        **dict.fromkeys(("cpus", "maxdisk", "maxmem", "maxswap", "swap", "vmid"), int),
        "ha": dict,
    },
    "GET /tasks/status": {
        **dict.fromkeys(("id", "node", "status", "type", "upid", "user"), str),
        **dict.fromkeys(("pid", "pstart", "starttime"), int),
    },
    "GET /pools": {"poolid": str},
    "GET /pools/id": {"comment": str, "members": list},
    "GET /version": {"version": str, "release": str, "repoid": str},
    "POST /access/ticket": {
        **dict.fromkeys(("CSRFPreventionToken", "ticket", "username"), str),
        "cap": dict,
    },
}
"""What an answer, or each row of it, always has, and of which type."""
_LISTS = {"GET /access/users", "GET /cluster/resources", "GET /lxc/pending", "GET /pools"}
_TEXTS = {"GET /cluster/nextid", "PUT /lxc/resize", "POST /lxc", "POST /lxc/clone", "DELETE /lxc"}
_TEXTS |= {"POST /lxc/status/start", "POST /lxc/status/stop"}
_NOTHING = {"PUT /lxc/config", "POST /pools", "DELETE /pools/id"}


@dataclass(frozen=True)
class Sent:
    """One request of the recording, and how it was answered then."""

    method: str
    path: str
    body: str
    status: int
    reason: str

    @property
    def kind(self) -> str:
        """The method and the path without names."""
        path = self.path.partition("?")[0]
        path = re.sub(r"^/nodes/[^/]+", "", path)
        path = re.sub(r"^(/lxc|/tasks)/[^/]+", r"\1", path)
        return f"{self.method} {re.sub(r'^/pools/.+', '/pools/id', path)}"


def load() -> dict[str, tuple[Sent, ...]]:
    """The recorded requests by step, in order; a step is named as `A: plan (create)`."""
    steps: dict[str, list[Sent]] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            steps[line[3:]] = here = []
        elif line and not line.startswith("#"):
            request, _, answer = line.partition(" -> ")
            status, _, reason = (answer or "200 OK").partition(" ")
            method, path, *body = request.split(" ")
            here.append(Sent(method, path, "".join(body), int(status), reason))
    return {name: tuple(requests) for name, requests in steps.items()}


@dataclass
class Replay:
    """Sends recorded requests to a node and remembers what it answers."""

    node: Any
    known: dict[str, str] = field(default_factory=dict)
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was set so far, by container."""
    counted: int = 0

    def play(self, requests: tuple[Sent, ...], *, as_recorded: bool = True) -> list[Any]:
        """Send them in order; the data of each answer.

        `as_recorded` is false where the recorded answers were made up: then each answer has to be
        the one that a node gives.
        """
        return [self.one(request, as_recorded=as_recorded) for request in requests]

    def one(self, sent: Sent, *, as_recorded: bool = True) -> Any:
        """Send one request and check the answer."""
        if sent.kind == "GET /tasks/status":
            status = self.node.wait(self.known["upid"])
            assert status["exitstatus"] == "OK", (sent, status)
        answer = self.send(sent)
        where = (sent, answer.status, answer.reason, answer.content)
        if sent.kind.startswith("GET /cluster/ha/"):
            vmid = sent.path.rpartition("/")[2]
            assert (answer.status, answer.reason) == (500, f"no such resource 'ct:{vmid}'"), where
            assert answer.content["data"] is None
            return None
        if as_recorded:
            assert (answer.status, answer.reason) == (sent.status, sent.reason), where
        self._check_types(sent, answer.data)
        self._check_values(sent, answer.data)
        return answer.data

    def send(self, sent: Sent) -> Any:
        """Send one request as it is, with what earlier answers gave put in."""
        self.counted += 1
        path, _, query = sent.path.partition("?")
        upid = quote(self.known.get("upid", ""), safe="")
        headers = dict(self.node.headers)
        if sent.body and sent.kind != "POST /access/ticket":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = re.sub(r"\{(\w+)\}", lambda found: quote(self.known[found[1]], safe=""), sent.body)
        return self.node.raw(
            Request(
                method=sent.method,
                path=f"/api2/json{path.replace('{upid}', upid)}",
                query=query,
                headers=headers,
                body=body.encode(),
            )
        )

    def _check_types(self, sent: Sent, data: Any) -> None:
        kind = sent.kind
        if kind in _NOTHING:
            assert data is None, (sent, data)
        elif kind in _TEXTS:
            assert isinstance(data, str), (sent, data)
        rows = data if kind in _LISTS else [data]
        assert isinstance(rows, list), (sent, data)
        for row in rows:
            for name, expected in SHAPES.get(kind, {}).items():
                assert isinstance(row.get(name), expected), (sent, name, row)
                assert not isinstance(row[name], bool), (sent, name, row)

    def _check_values(self, sent: Sent, data: Any) -> None:
        kind, vmid = sent.kind, (re.findall(r"/lxc/(\d+)", sent.path) or [""])[0]
        fields = dict(parse_qsl(sent.body, keep_blank_values=True))
        if isinstance(data, str) and data.startswith("UPID:"):
            self.known["upid"] = data
        if kind == "POST /lxc":
            self.options[fields["vmid"]] = fields
        elif kind == "POST /lxc/clone":
            self.options[fields["newid"]] = {**self.options[vmid], "hostname": fields["hostname"]}
        elif kind == "PUT /lxc/config":
            gone = re.split(r"[, ]+", fields.pop("delete", ""))
            kept = {**self.options[vmid], **fields}
            self.options[vmid] = {name: kept[name] for name in kept if name not in gone}
        elif kind == "GET /lxc/config":
            self._check_config(vmid, data)
        elif kind == "GET /lxc/pending":
            assert all(set(row) <= {"key", "value"} for row in data), data
            self._check_config(vmid, {row["key"]: row["value"] for row in data})
        elif kind == "GET /access/permissions":
            assert list(data) == ["/"], data
            assert set(data["/"].values()) <= {0, 1}, data

    def _check_config(self, vmid: str, config: dict[str, Any]) -> None:
        sent = self.options[vmid]
        for name in set(sent) & set(_CONFIG_NUMBERS):
            assert config[name] == int(sent[name]), (name, config)
            assert type(config[name]) is int, (name, config)
        for name in set(sent) & {"arch", "cmode", "cpulimit", "features", "hostname"}:
            assert config[name] == sent[name], (name, config)
        if "tags" in sent:
            assert config["tags"] == ";".join(sorted(sent["tags"].split(";"))), config
        if "description" in sent:
            assert config["description"] == f"{sent['description']}\n", config
        for name in (key for key in sent if re.fullmatch(r"(mp|net)\d+", key)):
            assert "{" not in config[name], config
            self.known[name] = config[name].partition(",")[0]
        self.known["rootfs"] = config["rootfs"].partition(",")[0]
        self.known["digest"] = config["digest"]
        if "net0" in config:
            self.known["hwaddr"] = re.findall(r"hwaddr=([^,]+)", config["net0"])[0]


@pytest.fixture(scope="session")
def steps() -> Mapping[str, tuple[Sent, ...]]:
    return load()


@pytest.fixture
def by_token(node: Any) -> Replay:
    """Replays with an API token of root."""
    return Replay(node.as_token())


@pytest.fixture
def by_ticket(node: Any) -> Replay:
    """Replays with root's ticket, and with the password where one is sent."""
    return Replay(node, {"password": "correct horse"})
