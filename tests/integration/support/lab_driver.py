"""A lab whose server is a process of its own, killed and asked over loopback."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from homelab.lab import Lab, LabInfo
from homelab.lab.host.namespaces import Node
from homelab.polling import wait_until
from homelab.process import is_alive

TEMPLATE = "local:vztmpl/debian-13-standard_13.0_amd64.tar.zst"
NODE = "/nodes/pve"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server said; `status` is 0 when it said nothing."""

    status: int
    reason: str = ""
    data: Any = None


class Driver:
    """One lab, and the requests to it."""

    def __init__(self, state: Path, runtime: str) -> None:
        self.state = state
        self.runtime = runtime
        self.lab = Lab(state=state, runtime=runtime, listen="127.0.0.1:0")  # type: ignore[arg-type]
        self.node = Node(state, "pve")
        self._session: requests.Session | None = None
        self.up()

    def up(self) -> LabInfo:
        """Start the server, or find it running."""
        self.info = self.lab.up()
        self.close()
        self._session = self._connection()
        return self.info

    def _connection(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = self.info.ca_file
        session.headers["Authorization"] = (
            f"PVEAPIToken={self.info.token_id}={self.info.token_secret}"
        )
        return session

    def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            self._session.close()

    def kill(self) -> None:
        """End the server with kill -9."""
        end(self.info.pid, self.info.start_time)

    def kill_node(self) -> None:
        """End the process that holds the node's namespaces with kill -9."""
        holder = self.node.require()
        end(holder.pid, holder.start_time)

    def ask(self, method: str, path: str, **parameters: object) -> Answer:
        """Ask once."""
        assert self._session is not None
        return self._send(self._session, method, path, parameters)

    def alone(self, method: str, path: str, parameters: Mapping[str, object]) -> Answer:
        """Ask over a connection of its own, from any thread."""
        with self._connection() as session:
            return self._send(session, method, path, parameters)

    def _send(
        self, session: requests.Session, method: str, path: str, parameters: Mapping[str, object]
    ) -> Answer:
        part = "data" if method in {"POST", "PUT"} else "params"
        try:
            reply = session.request(
                method, self.info.api_url + path, timeout=120, **{part: parameters}
            )
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return Answer(status=0)
        data = json.loads(reply.text)["data"] if reply.status_code == 200 else None
        return Answer(status=reply.status_code, reason=reply.reason, data=data)

    def get(self, path: str, **parameters: object) -> Any:
        """Ask for what is there."""
        answer = self.ask("GET", path, **parameters)
        assert answer.status == 200, (path, answer)
        return answer.data

    def do(self, method: str, path: str, **parameters: object) -> str:
        """Ask for a change and wait for its task; `OK`, or why it was refused or failed."""
        answer = self.ask(method, path, **parameters)
        if answer.status != 200:
            return answer.reason
        return self.end_of(answer.data) if is_upid(answer.data) else "OK"

    def end_of(self, upid: str) -> str:
        """Wait for a task; its exit status."""

        def ended() -> str | None:
            status = self.get(f"{NODE}/tasks/{upid}/status")
            return str(status["exitstatus"]) if status["status"] == "stopped" else None

        return wait_until(ended, what=f"the end of {upid}", timeout=120, interval=0.005)

    def settle(self) -> None:
        """Wait until no task runs."""
        wait_until(
            lambda: not self.rows("SELECT 1 FROM tasks WHERE endtime IS NULL"),
            what="the end of all tasks",
            timeout=120,
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the database behind the server's back."""
        path = self.state / "lab.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    def write(self, sql: str, *values: object) -> None:
        """Change the database while no server runs."""
        with closing(sqlite3.connect(self.state / "lab.db")) as connection, connection:
            connection.execute(sql, values)

    def inside(self, vmid: int, script: str) -> str:
        """What a shell script says in a running container."""
        shell = ("lxc-attach", "-n", str(vmid), "--", "sh", "-c", script)
        return self.node.run(*shell).stdout.strip()

    def options(self, vmid: int) -> Mapping[str, str]:
        """A guest's configuration, without what chance or the clock put into it."""
        return options_of(self.get(f"{NODE}/lxc/{vmid}/config"))


def end(pid: int, start_time: int) -> None:
    """Kill a process and wait until it is gone."""
    if is_alive(pid, start_time=start_time):
        os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: not is_alive(pid, start_time=start_time), what=f"the end of {pid}", timeout=10
    )


def is_upid(data: object) -> bool:
    """Whether an answer names a task."""
    return isinstance(data, str) and data.startswith("UPID:")


def options_of(config: Mapping[str, object]) -> dict[str, str]:
    """A configuration without what chance or the clock put into it."""
    kept = {key: str(value) for key, value in config.items() if key not in {"digest", "net0"}}
    return dict(sorted(kept.items()))
