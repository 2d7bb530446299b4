"""A plan's JSON as a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from homelab.clients.terraform.plan import Plan


def resource(name: str, *actions: str, mode: str = "managed", **change: Any) -> dict[str, Any]:
    return {
        "address": f'module.container["{name}"].proxmox_lxc.this',
        "mode": mode,
        "type": "proxmox_lxc",
        "change": {"actions": list(actions), **change},
    }


def parse(*resources: dict[str, Any], **document: Any) -> Plan:
    return Plan.parse(Path("x.tfplan"), {"resource_changes": list(resources), **document})


def test_no_changes_is_empty() -> None:
    plan = parse(resource("plex", "no-op"), resource("data", "read", mode="data"))
    assert plan.is_empty
    assert plan.counts() == {}


def test_actions_as_one_word() -> None:
    plan = parse(
        resource("a", "create"),
        resource("b", "update"),
        resource("c", "delete", "create"),
        resource("d", "create", "delete"),
        resource("e", "delete"),
        resource("f", "no-op", importing={"id": "pve/lxc/201"}),
    )
    assert [(change.name, change.action) for change in plan.changes] == [
        ("a", "create"),
        ("b", "update"),
        ("c", "replace"),
        ("d", "replace"),
        ("e", "delete"),
        ("f", "adopt"),
    ]
    assert plan.counts()["replace"] == 2
    assert plan.changes[-1].import_id == "pve/lxc/201"


def test_an_update_names_what_differs() -> None:
    plan = parse(resource("a", "update", before={"cores": 1, "x": 1}, after={"cores": 2, "x": 1}))
    assert plan.changes[0].changed == ("cores",)


def test_outputs_alone_change_no_resource() -> None:
    plan = parse(output_changes={"topology": {"actions": ["update"]}})
    assert plan.is_empty
    assert plan.outputs_change


def test_values_do_not_show_in_the_repr() -> None:
    plan = parse(resource("a", "create", after={"password": "hunter2"}))
    assert "hunter2" not in repr(plan)
