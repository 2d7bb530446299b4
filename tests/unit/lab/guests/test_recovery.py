"""What a restart finds, after every kind of end."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from homelab.lab.guests import recovery
from homelab.lab.guests.view import guest_of
from homelab.lab.node.context import Context
from homelab.lab.runtimes.memory import MemoryRuntime

TEMPLATE = "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst"
L = "/nodes/pve/lxc/100"


@dataclass
class Gate:
    """Holds a runtime's work until it is let go."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def pass_through(self) -> None:
        self.reached.set()
        self.opened.wait(10)


class SlowRuntime(MemoryRuntime):
    """Stands still in one operation."""

    def __init__(self, state_dir: Path, operation: str) -> None:
        super().__init__(state_dir)
        self.gate = Gate()
        self.operation = operation
        self.destroyed: list[int] = []

    def create(self, guest, **more) -> None:
        if self.operation == "create":
            self.gate.pass_through()
        super().create(guest, **more)

    def start(self, guest, **more) -> None:
        if self.operation == "start":
            self.gate.pass_through()
        super().start(guest, **more)

    def destroy(self, guest, **more) -> None:
        if self.operation == "destroy":
            self.gate.pass_through()
        self.destroyed.append(guest.vmid)
        super().destroy(guest, **more)


def ends(context: Context, vmid: int) -> None:
    """A container ends, and nobody has written it down."""
    context.runtime.stop(guest_of(vmid, context.guest(vmid).config), log=lambda _line: None)


def test_what_was_acknowledged_is_there_after_a_kill(open_node) -> None:
    before = open_node()
    before.ask("POST", "/pools", poolid="media")
    before.create(pool="media", mp0="local-zfs:1,mp=/data", start=1)
    config = before.config()
    after = open_node()
    assert after.config() == config
    assert after.status()["status"] == "running"
    assert len(after.ask("GET", "/pools/media").data["members"]) == 1
    assert after.raw  # the ticket of the first server still works on the second:
    after.headers = before.headers
    assert after.ask("GET", "/version").status == 200


def test_a_creation_that_was_cut_off_has_failed_and_is_gone(open_node, tmp_path) -> None:
    slow = SlowRuntime(tmp_path, "create")
    before = open_node(slow)
    upid = before.ask(
        "POST", "/nodes/pve/lxc", vmid=100, ostemplate=TEMPLATE, rootfs="local-zfs:1"
    ).data
    assert slow.gate.reached.wait(5)
    assert before.ask("GET", f"{L}/config").data["lock"] == "create"
    assert before.ask("POST", f"{L}/status/start").reason == "CT is locked (create)"
    after = open_node()
    status = after.wait(upid)
    assert status["exitstatus"] == "unexpected status"
    assert after.log(upid)[-1] == "TASK ERROR: unexpected status"
    assert after.ask("GET", f"{L}/config").status == 500
    assert after.ask("GET", "/nodes/pve/storage/local-zfs/content").data == []
    assert after.create(100)["exitstatus"] == "OK"
    slow.gate.opened.set()


def test_a_removal_that_was_cut_off_is_finished(open_node, tmp_path) -> None:
    slow = SlowRuntime(tmp_path, "destroy")
    before = open_node(slow)
    before.create()
    upid = before.ask("DELETE", L).data
    assert slow.gate.reached.wait(5)
    after = open_node()
    assert after.wait(upid)["exitstatus"] == "unexpected status"
    assert after.ask("GET", f"{L}/config").status == 500
    slow.gate.opened.set()


def test_after_an_orderly_end_guests_start_as_at_boot(open_node) -> None:
    before = open_node()
    before.create(100, onboot=1, startup="order=2", start=1)
    before.create(101, start=1)
    before.create(102, onboot=1, startup="order=1")
    recovery.halt(before.context)
    assert before.status(100)["status"] == "stopped"
    after = open_node()
    start = next(
        row["upid"]
        for row in after.ask("GET", "/nodes/pve/tasks", source="all").data
        if row["type"] == "startall"
    )
    after.wait(start)
    assert after.log(start)[:2] == ["Starting CT 102 (order 1)", "Starting CT 100 (order 2)"]
    states = [after.status(vmid)["status"] for vmid in (100, 101, 102)]
    assert states == ["running", "stopped", "running"]


def test_a_node_that_died_with_its_containers_boots(open_node, tmp_path) -> None:
    before = open_node()
    before.create(100, onboot=1, start=1)
    (tmp_path / "memory" / "boot-id").unlink()
    after = open_node()
    for row in after.ask("GET", "/nodes/pve/tasks", source="all").data:
        after.wait(row["upid"])
    assert after.status(100)["status"] == "running"


def test_what_an_earlier_release_ran_ended_as_with_a_power_cut(open_node, tmp_path) -> None:
    before = open_node()
    before.create(100, onboot=1, start=1)
    before.create(101, start=1)
    (tmp_path / "memory" / "running").write_text("[100, 1.5]\n[101, 2.5]\n")
    after = open_node()
    for row in after.ask("GET", "/nodes/pve/tasks", source="all").data:
        after.wait(row["upid"])
    assert after.status(100)["status"] == "running"
    assert after.status(101)["status"] == "stopped"


def test_a_server_that_was_killed_while_the_last_container_stopped_boots_nothing(
    open_node,
) -> None:
    before = open_node()
    before.create(100, onboot=1)
    before.create(101, start=1)
    ends(before.context, 101)
    after = open_node()
    assert [row["type"] for row in after.ask("GET", "/nodes/pve/tasks", source="all").data].count(
        "startall"
    ) == 0
    assert after.status(100)["status"] == "stopped"
    assert after.status(101)["status"] == "stopped"


def test_a_boot_that_was_cut_off_goes_on(open_node, tmp_path) -> None:
    before = open_node()
    before.create(100, onboot=1, startup="order=1")
    before.create(101, onboot=1, startup="order=2")
    recovery.halt(before.context)
    slow = SlowRuntime(tmp_path, "start")
    during = open_node(slow)
    assert slow.gate.reached.wait(10)
    assert during.status(101)["status"] == "stopped"

    after = open_node()
    for row in after.ask("GET", "/nodes/pve/tasks", source="all").data:
        after.wait(row["upid"])
    states = {vmid: after.status(vmid)["status"] for vmid in (100, 101)}
    slow.gate.opened.set()
    assert states == {100: "running", 101: "running"}


def test_a_container_that_ended_meanwhile_is_not_started(open_node) -> None:
    before = open_node()
    before.create(100, onboot=1, start=1)
    before.create(101, onboot=1, start=1)
    ends(before.context, 100)
    after = open_node()
    assert after.status(100)["status"] == "stopped"
    assert after.status(101)["status"] == "running"
