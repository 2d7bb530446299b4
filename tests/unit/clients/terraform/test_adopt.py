"""What exists but is not in the state is taken over, made anew, or named as somebody else's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from homelab.clients.proxmox import GuestEntry
from homelab.clients.terraform.adopt import plan_adopting
from homelab.clients.terraform.client import Import
from homelab.clients.terraform.plan import Plan
from homelab.errors import ApiError, ConfigurationError

PLEX = 'module.container["plex"].proxmox_lxc.this'
POOL = 'proxmox_pool.category["media"]'


class FakeTerraform:
    def __init__(self, *actions: str) -> None:
        self.actions = list(actions)
        self.imports: list[Sequence[Import]] = []

    def plan(self, *, imports: Sequence[Import] = (), on_event: Any = None) -> Plan:
        del on_event
        self.imports.append(tuple(imports))
        lxc = {"vmid": 201, "hostname": "plex"}
        changes = [
            {"address": PLEX, "type": "proxmox_lxc", "after": lxc},
            {"address": POOL, "type": "proxmox_pool", "after": {"poolid": "media"}},
        ]
        resources = [
            {
                "address": change["address"],
                "mode": "managed",
                "type": change["type"],
                "change": {"actions": self.actions, "after": change["after"]},
            }
            for change in changes
        ]
        return Plan.parse(Path("x"), {"resource_changes": resources})


class FakeNode:
    def __init__(self, *guests: GuestEntry, pools: Sequence[str] = (), locks: Any = ()) -> None:
        self.guests = guests
        self.names = pools
        self.locks = list(locks)
        self.destroyed: list[tuple[str, int]] = []

    def resources(self) -> Sequence[GuestEntry]:
        return self.guests

    def pools(self) -> Sequence[str]:
        return self.names

    def config(self, node: str, vmid: int) -> dict[str, Any]:
        del node, vmid
        if not self.locks:
            return {}
        lock = self.locks.pop(0) if len(self.locks) > 1 else self.locks[0]
        if isinstance(lock, BaseException):
            raise lock
        return {"lock": lock}

    def destroy(self, node: str, vmid: int) -> None:
        self.destroyed.append((node, vmid))


def guest(**values: Any) -> GuestEntry:
    defaults = {
        "vmid": 201,
        "name": "plex",
        "node": "pve",
        "type": "lxc",
        "status": "stopped",
        "pool": None,
        "raw": {},
    }
    return GuestEntry(**{**defaults, **values})


def test_nothing_to_create_asks_nothing() -> None:
    terraform = FakeTerraform("no-op")
    adoption = plan_adopting(terraform, FakeNode(guest(), pools=["media"]))
    assert (adoption.imported, terraform.imports) == ((), [()])


def test_nothing_there_plans_once() -> None:
    terraform = FakeTerraform("create")
    adoption = plan_adopting(terraform, FakeNode(guest(vmid=999)))
    assert (adoption.imported, terraform.imports) == ((), [()])


def test_what_is_there_is_imported() -> None:
    terraform = FakeTerraform("create")
    adoption = plan_adopting(terraform, FakeNode(guest(), pools=["media"]))
    expected = (Import(address=PLEX, id="pve/lxc/201"), Import(address=POOL, id="pools/media"))
    assert adoption.imported == expected
    assert terraform.imports == [(), expected]


def test_what_is_half_made_is_made_anew() -> None:
    node = FakeNode(guest(), locks=["create"])
    adoption = plan_adopting(FakeTerraform("create"), node, patience=0)
    assert (adoption.imported, adoption.removed) == ((), (201,))
    assert node.destroyed == [("pve", 201)]


def test_a_creation_that_is_under_way_is_waited_for() -> None:
    adoption = plan_adopting(FakeTerraform("create"), FakeNode(guest(), locks=["create", "backup"]))
    assert adoption.imported == (Import(address=PLEX, id="pve/lxc/201"),)


def test_what_vanishes_meanwhile_is_created() -> None:
    gone = ApiError(500, "Configuration file 'x' does not exist", request="GET")
    node = FakeNode(guest(), locks=["create", gone])
    adoption = plan_adopting(FakeTerraform("create"), node)
    assert (adoption.imported, adoption.removed) == ((), ())


@pytest.mark.parametrize("values", [{"name": "other"}, {"type": "qemu"}])
def test_somebody_elses_guest_is_an_error(values: dict[str, str]) -> None:
    node = FakeNode(guest(**values))
    with pytest.raises(ConfigurationError, match="vmid 201 belongs to"):
        plan_adopting(FakeTerraform("create"), node)
    assert node.destroyed == []
