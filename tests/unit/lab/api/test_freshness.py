"""What is kept in memory never hides what was acknowledged: each answer is that of a new server."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from homelab.lab.access.acl import Access
from homelab.lab.api.dispatch import Dispatcher
from homelab.lab.node.faults import Fault, Faults
from homelab.lab.node.statistics import Statistics
from homelab.lab.state.database import State
from homelab.lab.state.memo import Memo

_VMIDS = range(100, 104)
_USERS = ("root@pam", "ann@pve", "ben@pve")
_PASSWORD = "a long password"
_QUESTIONS = (
    "/cluster/resources",
    "/cluster/nextid",
    "/nodes/pve/lxc",
    "/nodes/pve2/lxc",
    "/pools",
    *(f"/nodes/pve/lxc/{vmid}/config" for vmid in _VMIDS),
    *(f"/nodes/pve/lxc/{vmid}/status/current" for vmid in _VMIDS),
)
_MEASURED = {
    "lxc": {"uptime"},
    "node": {"uptime", "mem", "disk", "maxdisk", "maxmem"},
    "storage": {"maxdisk"},
}
"""What is measured, so that two looks may differ."""


class _Machine(RuleBasedStateMachine):
    """Changes a node in any order; after each change a server that knows nothing is asked too."""

    def __init__(self, open_node: Callable[..., Any], directory: Path) -> None:
        super().__init__()
        self.open_node, self.directory = open_node, directory

    @initialize()
    def begin(self) -> None:
        for name in ("lab.db", "lab.db-wal", "lab.db-shm", "memory", "tasks"):
            path = self.directory / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        self.node = self.open_node(nodes=("pve", "pve2"))
        for user in _USERS[1:]:
            self.node.ask("POST", "/access/users", userid=user, password=_PASSWORD)
        self.node.ask("POST", "/pools", poolid="prod")
        self.askers = {
            user: self.node if user == _USERS[0] else self.node.log_in(user, _PASSWORD)
            for user in _USERS
        }

    def _do(self, method: str, path: str, /, **parameters: object) -> None:
        answer = self.node.ask(method, path, **parameters)
        if answer.status == 200 and str(answer.data).startswith("UPID:"):
            self.node.wait(answer.data)
        self._compare()

    def _compare(self) -> None:
        with closing(State(self.directory / "lab.db")) as state:
            cold = self._cold(state)
            for user, asker in self.askers.items():
                for path in _QUESTIONS:
                    warm = asker.ask("GET", path)
                    fresh = replace(asker, dispatcher=cold).ask("GET", path)
                    assert (warm.status, _plain(warm.content)) == (
                        fresh.status,
                        _plain(fresh.content),
                    ), (user, path)

    def _cold(self, state: State) -> Dispatcher:
        """A server that has nothing in memory yet."""
        return Dispatcher(
            replace(
                self.node.context,
                state=state,
                access=Access(state),
                faults=Faults(state),
                memo=Memo(),
                statistics=Statistics(),
            )
        )

    @rule(vmid=st.sampled_from(_VMIDS), pool=st.sampled_from([None, "prod"]))
    def create(self, vmid: int, pool: str | None) -> None:
        self._do(
            "POST",
            "/nodes/pve/lxc",
            vmid=vmid,
            pool=pool,
            ostemplate="local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst",
            rootfs="local-zfs:1",
        )

    @rule(vmid=st.sampled_from(_VMIDS), tags=st.sampled_from(["a", "b", "a;b"]))
    def tag(self, vmid: int, tags: str) -> None:
        self._do("PUT", f"/nodes/pve/lxc/{vmid}/config", tags=tags)

    @rule(vmid=st.sampled_from(_VMIDS), memory=st.sampled_from([256, 1024]))
    def give_memory(self, vmid: int, memory: int) -> None:
        self._do("PUT", f"/nodes/pve/lxc/{vmid}/config", memory=memory, hostname=f"h{memory}")

    @rule(vmid=st.sampled_from(_VMIDS), action=st.sampled_from(["start", "stop"]))
    def switch(self, vmid: int, action: str) -> None:
        self._do("POST", f"/nodes/pve/lxc/{vmid}/status/{action}")

    @rule(vmid=st.sampled_from(_VMIDS))
    def destroy(self, vmid: int) -> None:
        self._do("DELETE", f"/nodes/pve/lxc/{vmid}", force=1)

    @rule(vmid=st.sampled_from(_VMIDS))
    def migrate(self, vmid: int) -> None:
        self._do("POST", f"/nodes/pve/lxc/{vmid}/migrate", target="pve2")

    @rule(
        path=st.sampled_from(["/", "/vms/100", "/vms/101", "/pool/prod", "/nodes/pve"]),
        user=st.sampled_from(_USERS[1:]),
        role=st.sampled_from(["PVEAuditor", "PVEVMUser", "NoAccess"]),
        delete=st.sampled_from([None, 1]),
    )
    def grant(self, path: str, user: str, role: str, delete: int | None) -> None:
        self._do("PUT", "/access/acl", path=path, users=user, roles=role, delete=delete)

    @rule(vmid=st.sampled_from(_VMIDS), delete=st.sampled_from([None, 1]))
    def pool(self, vmid: int, delete: int | None) -> None:
        self._do("PUT", "/pools/prod", vms=vmid, delete=delete, allow_move=1)

    @rule(enable=st.sampled_from([0, 1]))
    def enable(self, enable: int) -> None:
        self._do("PUT", "/access/users/ann@pve", enable=enable)

    @rule(down=st.sampled_from(["", "pve2"]))
    def fail(self, down: str) -> None:
        faults = self.node.context.faults
        faults.clear()
        if down:
            faults.add(Fault(node_down=down))
        self._compare()


def test_every_answer_is_that_of_a_server_that_was_just_started(open_node, tmp_path) -> None:
    run_state_machine_as_test(
        partial(_Machine, open_node, tmp_path),
        settings=settings(
            max_examples=10,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _plain(content: dict[str, Any]) -> Any:
    """Without what is measured anew with each look."""
    data = content.get("data")
    if not isinstance(data, list):
        data = [data]
    rows = [
        {k: v for k, v in row.items() if k not in _MEASURED.get(row.get("type"), ())}
        if isinstance(row, dict)
        else row
        for row in data
    ]
    return {**content, "data": rows}


@pytest.fixture
def _often_switched() -> Iterator[None]:
    """Threads take turns fifty times as often: more orders are tried, and nobody waits for one."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_often_switched")
def test_the_next_answer_on_another_thread_has_what_was_acknowledged(node) -> None:
    for vmid in range(100, 110):
        node.create(vmid)
    stop, wrong = threading.Event(), []
    acknowledged = dict.fromkeys(range(100, 110), 0)

    def read() -> None:
        while not stop.is_set():
            before = dict(acknowledged)
            rows = node.ask("GET", "/cluster/resources", type="vm").data
            seen = {row["vmid"]: int(row.get("tags", "v0")[1:]) for row in rows}
            wrong.extend((before, seen) for vmid, number in before.items() if seen[vmid] < number)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 11):
        for vmid in acknowledged:
            assert node.ask("PUT", f"/nodes/pve/lxc/{vmid}/config", tags=f"v{number}").status == 200
            acknowledged[vmid] = number
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong


def test_a_start_is_seen_at_once(node) -> None:
    node.create(100)
    [before] = node.ask("GET", "/cluster/resources", type="vm").data
    node.wait(node.ask("POST", "/nodes/pve/lxc/100/status/start").data)
    [after] = node.ask("GET", "/cluster/resources", type="vm").data
    assert (before["status"], after["status"]) == ("stopped", "running")


def test_answers_are_kept_for_each_caller_apart(node) -> None:
    node.create(100)
    node.ask("POST", "/access/users", userid="ann@pve", password=_PASSWORD)
    ann = node.log_in("ann@pve", _PASSWORD)
    assert len(node.ask("GET", "/cluster/resources", type="vm").data) == 1
    assert ann.ask("GET", "/cluster/resources", type="vm").data == []
    assert ann.ask("GET", "/nodes/pve/lxc/100/config").status == 403
    node.ask("PUT", "/access/acl", path="/vms/100", users="ann@pve", roles="PVEAuditor")
    assert len(ann.ask("GET", "/cluster/resources", type="vm").data) == 1
    assert ann.ask("GET", "/nodes/pve/lxc/100/config").status == 200
    node.ask("PUT", "/access/acl", path="/vms/100", users="ann@pve", roles="PVEAuditor", delete=1)
    assert ann.ask("GET", "/cluster/resources", type="vm").data == []
    assert ann.ask("GET", "/nodes/pve/lxc/100/config").status == 403


def test_a_kept_reply_is_json(node) -> None:
    node.create(100)
    for _ in range(2):
        answer = node.ask("GET", "/nodes/pve/lxc/100/config")
        assert json.loads(answer.reply.body)["data"]["hostname"] == "CT100"
