"""A node of the lab without a server and without containers: requests go to the dispatcher."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from homelab.lab.access.acl import Access
from homelab.lab.access.tickets import Authenticator, Secrets
from homelab.lab.api.dispatch import Dispatcher, Reply, Request
from homelab.lab.guests import recovery
from homelab.lab.node.context import Context
from homelab.lab.node.faults import Faults
from homelab.lab.node.tasks import Tasks
from homelab.lab.runtime import Bridge, ContainerRuntime
from homelab.lab.runtimes.memory import MemoryRuntime
from homelab.lab.state.database import State
from homelab.pve.release import DEFAULT_RELEASE, Release

TEMPLATE = "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst"
PASSWORD = "correct horse"
TOKEN_SECRET = "11111111-2222-3333-4444-555555555555"
BRIDGES = (
    Bridge(name="vmbr0", address="10.10.0.1/24"),
    Bridge(name="vmbr1", address="10.20.0.254/24"),
)


@dataclass
class Answer:
    """A reply, decoded."""

    reply: Reply
    content: dict[str, Any]

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def reason(self) -> str:
        return self.reply.reason

    @property
    def data(self) -> Any:
        assert self.status == 200, (self.status, self.reason, self.content)
        return self.content["data"]

    @property
    def errors(self) -> dict[str, str]:
        return self.content.get("errors", {})


@dataclass
class LabNode:
    """A node without a server: requests go straight to the dispatcher."""

    directory: Path
    runtime: ContainerRuntime
    context: Context
    dispatcher: Dispatcher
    headers: dict[str, str] = field(default_factory=dict)

    def raw(self, request: Request) -> Answer:
        reply = self.dispatcher.dispatch(request)
        return Answer(reply, json.loads(reply.body))

    def ask(self, method: str, path: str, /, **parameters: object) -> Answer:
        """Ask with the ticket of root, parameters as a form."""
        words = {
            name.replace("_", "-"): value for name, value in parameters.items() if value is not None
        }
        form = urlencode(words, doseq=True)
        in_body = method in {"POST", "PUT"}
        return self.raw(
            Request(
                method=method,
                path=f"/api2/json{path}",
                query="" if in_body else form,
                headers=self.headers,
                body=form.encode() if in_body else b"",
            )
        )

    def log_in(self, user: str, password: str) -> LabNode:
        """The same node, asked by another user."""
        answer = self.ask("POST", "/access/ticket", username=user, password=password).data
        headers = {
            "Authorization": f"PVEAuthCookie={answer['ticket']}",
            "CSRFPreventionToken": answer["CSRFPreventionToken"],
        }
        return LabNode(self.directory, self.runtime, self.context, self.dispatcher, headers)

    def with_token(self, name: str, secret: str) -> LabNode:
        """The same node, asked with that API token."""
        headers = {"Authorization": f"PVEAPIToken={name}={secret}"}
        return LabNode(self.directory, self.runtime, self.context, self.dispatcher, headers)

    def as_token(self) -> LabNode:
        """The same node, asked with an API token."""
        headers = {"Authorization": f"PVEAPIToken=root@pam!homelab={TOKEN_SECRET}"}
        return LabNode(self.directory, self.runtime, self.context, self.dispatcher, headers)

    def wait(self, upid: str) -> dict[str, Any]:
        """The task's status when it has ended."""
        for _ in range(1000):
            status: dict[str, Any] = self.ask(
                "GET", f"/nodes/{upid.split(':')[1]}/tasks/{upid}/status"
            ).data
            if status["status"] == "stopped":
                return status
            time.sleep(0.005)
        raise AssertionError(f"{upid} did not end")

    def log(self, upid: str) -> list[str]:
        return [
            line["t"]
            for line in self.ask("GET", f"/nodes/{upid.split(':')[1]}/tasks/{upid}/log").data
        ]

    def create(self, vmid: int = 100, **options: object) -> dict[str, Any]:
        """Create a container and wait; returns the task's status."""
        defaults: dict[str, object] = {"ostemplate": TEMPLATE, "rootfs": "local-zfs:4"}
        answer = self.ask("POST", "/nodes/pve/lxc", vmid=vmid, **{**defaults, **options})
        return self.wait(answer.data)

    def config(self, vmid: int = 100) -> dict[str, Any]:
        return dict(self.ask("GET", f"/nodes/pve/lxc/{vmid}/config").data)

    def status(self, vmid: int = 100) -> dict[str, Any]:
        return dict(self.ask("GET", f"/nodes/pve/lxc/{vmid}/status/current").data)


OpenNode = Callable[..., LabNode]


@contextmanager
def node_opener(tmp_path: Path) -> Iterator[OpenNode]:
    """Opens nodes on one state directory: one after another is what a restart is."""
    stack = ExitStack()

    def open_(
        runtime: ContainerRuntime | None = None,
        *,
        nodes: tuple[str, ...] = ("pve",),
        release: Release = DEFAULT_RELEASE,
    ) -> LabNode:
        used = MemoryRuntime(tmp_path) if runtime is None else runtime
        stack.callback(used.close)
        boot_id = used.open(BRIDGES)
        state = stack.enter_context(closing(State(tmp_path / "lab.db")))
        access, faults = Access(state, release=release), Faults(state)
        tasks = Tasks(state, tmp_path / "tasks", node="pve", faults=faults)
        stack.callback(tasks.close, timeout=5)
        secrets = Secrets(password=PASSWORD, token_secret=TOKEN_SECRET, key=b"k" * 32)
        context = Context(
            node="pve",
            state=state,
            tasks=tasks,
            runtime=used,
            authenticator=Authenticator(secrets, directory=access),
            bridges=BRIDGES,
            started=time.time(),
            access=access,
            faults=faults,
            files=tmp_path / "files",
            nodes=nodes,
            release=release,
        )
        recovery.recover(context, boot_id)
        ticket, csrf = context.authenticator.login("root@pam", PASSWORD)
        headers = {"Authorization": f"PVEAuthCookie={ticket}", "CSRFPreventionToken": csrf}
        return LabNode(tmp_path, used, context, Dispatcher(context), headers)

    with stack:
        yield open_
