"""What a plan does to each resource."""

from __future__ import annotations

from typing import Any

import pytest

from homelab.model.changes import Action, action_of, item_of, resources_of

PLEX = 'module.container["plex"].proxmox_lxc.this'


def _resource(*actions: str, **change: Any) -> dict[str, Any]:
    found = {"actions": list(actions), **change}
    return {"address": PLEX, "mode": "managed", "type": "proxmox_lxc", "change": found}


def test_a_container_is_named_by_its_host_name_and_else_by_its_key() -> None:
    named = _resource("create", after={"hostname": "media"})
    gone = _resource("delete", before={"hostname": "old"}, after=None)

    plan = {"resource_changes": [named, gone, _resource("create")]}

    assert [change.name for change in resources_of(plan)] == ["media", "old", "plex"]


def test_what_nothing_happens_to_is_there_without_an_action() -> None:
    [change] = resources_of({"resource_changes": [_resource("no-op", before={"hostname": "a"})]})

    assert change.action is None
    assert change.before == {"hostname": "a"}


def test_a_resource_that_is_forgotten_is_no_change() -> None:
    """Terraform 1.7 leaves it out of the state; the container stays as it is."""
    assert action_of(["forget"]) is None


@pytest.mark.parametrize("junk", [None, 3, "create", [None], [["create"]], [{}]])
def test_actions_that_are_none_are_none(junk: Any) -> None:
    assert action_of(junk) is None
    assert action_of(junk, importing=True) is Action.ADOPT


@pytest.mark.parametrize("junk", [None, 3, "x", [], {}, [None], [3], [{"change": 3}]])
def test_what_is_no_plan_has_nothing_that_changes(junk: Any) -> None:
    assert [change.action for change in resources_of({"resource_changes": junk})] in ([], [None])


def test_an_index_is_no_name() -> None:
    assert item_of("proxmox_lxc.web[0]") == "proxmox_lxc.web[0]"
