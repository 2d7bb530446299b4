"""What a restart finds, after every kind of end."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from homelab.lab.guests import recovery
from homelab.lab.guests.view import guest_of
from homelab.lab.node.context import Context
from homelab.lab.runtime import RuntimeFailureError
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


class FailingRuntime(MemoryRuntime):
    """Has no space left."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir)
        self.full = True
        self.stuck = False

    def create(self, guest, **more) -> None:
        if self.full:
            raise RuntimeFailureError("no space left on device")
        super().create(guest, **more)

    def apply(self, old, new, **more) -> None:
        if self.full:
            raise RuntimeFailureError("no space left on device")
        super().apply(old, new, **more)

    def destroy(self, guest, **more) -> None:
        if self.stuck:
            raise RuntimeFailureError("can't unlink")
        super().destroy(guest, **more)


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


def test_a_creation_that_fails_leaves_nothing(open_node, tmp_path) -> None:
    node = open_node(FailingRuntime(tmp_path))
    status = node.create()
    assert status["exitstatus"] == "unable to create CT 100 - no space left on device"
    assert node.log(status["upid"])[-1] == f"TASK ERROR: {status['exitstatus']}"
    assert node.ask("GET", "/nodes/pve/lxc").data == []
    assert node.ask("GET", "/nodes/pve/storage/local-zfs/content").data == []


def test_a_creation_whose_undoing_failed_too_does_not_block_its_id(open_node, tmp_path) -> None:
    runtime = FailingRuntime(tmp_path)
    node = open_node(runtime)
    runtime.stuck = True
    assert node.create()["exitstatus"] != "OK"
    assert node.ask("GET", f"{L}/config").data["lock"] == "create"
    runtime.full = runtime.stuck = False
    assert node.create()["exitstatus"] == "OK"
    assert "lock" not in node.config()


def test_a_change_that_the_runtime_refuses_changes_nothing(open_node, tmp_path) -> None:
    runtime = FailingRuntime(tmp_path)
    runtime.full = False
    node = open_node(runtime)
    node.create()
    before = node.config()
    runtime.full = True
    answer = node.ask("PUT", f"{L}/config", mp0="local-zfs:1,mp=/data")
    assert (answer.status, answer.reason) == (500, "no space left on device")
    assert node.config() == before


def test_a_removal_that_fails_can_be_repeated(open_node, tmp_path) -> None:
    runtime = FailingRuntime(tmp_path)
    runtime.full = False
    node = open_node(runtime)
    node.create()
    runtime.stuck = True
    assert node.wait(node.ask("DELETE", L).data)["exitstatus"] == "can't unlink"
    runtime.stuck = False
    assert node.wait(node.ask("DELETE", L).data)["exitstatus"] == "OK"


@pytest.mark.parametrize("overrule", [0, 1])
def test_a_stop_may_overrule_a_shutdown_that_takes_long(open_node, tmp_path, overrule) -> None:
    class Stubborn(MemoryRuntime):
        asked = threading.Event()

        def shutdown(self, _guest, *, timeout, **_more) -> bool:
            self.asked.set()
            threading.Event().wait(min(timeout, 0.05))
            return False

    runtime = Stubborn(tmp_path)
    node = open_node(runtime)
    node.create(start=1)
    shutdown = node.ask("POST", f"{L}/status/shutdown", timeout=1 if overrule == 0 else 60).data
    assert runtime.asked.wait(5)
    if overrule:
        stop = node.ask("POST", f"{L}/status/stop", **{"overrule-shutdown": 1}).data
        assert node.wait(stop)["exitstatus"] == "OK"
        assert node.wait(shutdown)["exitstatus"] == "interrupted by a stop request"
        assert node.status()["status"] == "stopped"
    else:
        assert "did not shut down within 1 s" in node.wait(shutdown)["exitstatus"]
        assert node.status()["status"] == "running"


def test_an_error_of_ours_in_a_task_is_its_status_and_one_not_of_ours_is_said(
    open_node, tmp_path, caplog
) -> None:
    class Broken(MemoryRuntime):
        def create(self, _guest, **_more) -> None:
            raise ZeroDivisionError

    node = open_node(Broken(tmp_path))
    assert node.create()["exitstatus"].startswith("unexpected error")
    assert "failed unexpectedly" in caplog.text
