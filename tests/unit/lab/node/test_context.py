from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from homelab.lab.failures import ApiFailureError
from homelab.lab.node.context import GuestLocks
from homelab.lab.node.faults import Fault
from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.state.database import StateError


def test_work_on_one_guest_waits_and_on_others_does_not() -> None:
    locks = GuestLocks()
    with locks.held(100), ThreadPoolExecutor(1) as other:

        def take(vmid: int) -> bool:
            with locks.held(vmid, timeout=0.01):
                return True

        assert other.submit(take, 101).result()
        with pytest.raises(ApiFailureError, match=r"pve-config-100\.lock' - got timeout"):
            other.submit(take, 100).result()
    assert take(100)


def test_an_error_lets_the_lock_go() -> None:
    locks = GuestLocks()
    with pytest.raises(ZeroDivisionError), locks.held(100):
        raise ZeroDivisionError
    taken = threading.Thread(target=lambda: locks.held(100, timeout=1).__enter__())
    taken.start()
    taken.join(0.5)
    assert not taken.is_alive()


def test_guests_are_seen_from_the_node_that_they_are_on(open_node) -> None:
    node = open_node(nodes=("pve", "pve2"))
    node.create()
    here, there = node.context, node.context.at("pve2")
    assert here.at("pve") is here
    assert [record.vmid for record in here.guests()] == [100]
    assert there.guests() == ()
    with pytest.raises(ApiFailureError, match=r"nodes/pve2/lxc/100\.conf' does not exist"):
        there.guest(100)


def test_a_node_that_is_down_is_not_online(open_node) -> None:
    context = open_node(nodes=("pve", "pve2")).context
    assert context.online == ("pve", "pve2")
    context.faults.add(Fault(node_down="pve2"))
    assert context.online == ("pve",)
    assert context.home == "pve"


def test_a_lock_that_could_not_be_taken_off_is_at_the_next_look(node, monkeypatch) -> None:
    node.create()
    context = node.context
    with context.state.transaction() as transaction:
        transaction.put_config(100, context.guest(100).config.changed({"lock": "backup"}))
    context.stale_locks[100] = "backup"

    def full(**_: bool) -> None:
        raise StateError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(context.state, "transaction", full)
        assert context.guest(100).config.options["lock"] == "backup"
    assert "lock" not in context.guest(100).config.options
    assert context.stale_locks == {}


def test_a_stale_lock_is_not_confused_with_the_lock_of_another_task(node) -> None:
    node.create(lock="migrate")
    node.context.stale_locks[100] = "backup"
    assert node.context.guest(100).config.options["lock"] == "migrate"


def test_a_runtime_that_can_not_tell_says_so(node, monkeypatch) -> None:
    def broken() -> None:
        raise RuntimeFailureError("the node is gone")

    monkeypatch.setattr(node.runtime, "running", broken)
    for ask in (node.context.running, node.context.look):
        with pytest.raises(RuntimeFailureError, match="the node is gone"):
            ask()
