from __future__ import annotations

import copy
from typing import Any

import pytest

from homelab.operations.review import review_plan
from homelab.operations.review.items import ItemReview
from homelab.policy.synthetic_plan import sketch_plan
from homelab.pve.guest_change import Impact
from homelab.pve.telmate.steps import update_steps


def _reviewed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, ItemReview]:
    return {item.name: item for item in review_plan(sketch_plan(after, before)).items}


@pytest.mark.parametrize(
    ("path", "value", "impact"),
    [
        (("memory",), 6144, Impact.HOT),
        (("cores",), 8, Impact.HOT),
        (("protection",), True, Impact.HOT),
        (("rootfs", "size"), "24G", Impact.HOT),
        (("networks", 0, "ip"), "10.10.0.99/24", Impact.HOT),
        (("features", "nesting"), False, Impact.RESTART),
        (("mount_points", 0, "path"), "/srv/other", Impact.RESTART),
        (("mount_points", 0, "backup"), True, Impact.RESTART),
        (("mount_points", 0, "storage"), "tank", Impact.RESTART),
        (("mount_points",), [], Impact.RESTART),
        (("unprivileged",), False, Impact.REFUSED),
        (("service", "image"), "lscr.io/linuxserver/plex:1.42.0", Impact.SERVICE),
        (("service", "slo"), 99.5, Impact.HOT),
        (("rootfs", "storage"), "tank", Impact.REBUILD),
        (("vmid",), 299, Impact.REBUILD),
    ],
)
def test_what_a_change_means(
    path: tuple[Any, ...], value: Any, impact: Impact, declared: dict[str, Any]
) -> None:
    after = copy.deepcopy(declared)
    place = after["containers"]["plex"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value

    items = _reviewed(declared, after)

    assert {name: item.impact for name, item in items.items()} == {"plex": impact}
    assert items["plex"].differences
    assert items["plex"].dependents == ("overseerr", "tautulli")


def test_a_new_mount_point_is_hot_and_a_container_that_goes_is_gone(
    declared: dict[str, Any],
) -> None:
    after = copy.deepcopy(declared)
    new = {"path": "/srv/more", "storage": "local-zfs", "size": "4G", "backup": True}
    after["containers"]["plex"]["mount_points"].append(new)
    del after["containers"]["vaultwarden"]

    items = _reviewed(declared, after)

    assert items["plex"].impact is Impact.HOT
    assert items["vaultwarden"].impact is Impact.GONE
    assert items["vaultwarden"].data_at_risk == (
        "/ (4G on local-zfs, backup on)",
        "/srv/vaultwarden (2G on local-zfs, backup on)",
    )
    assert items["plex"].data_at_risk == ()


def test_a_mount_point_that_is_taken_away_is_data_at_risk(declared: dict[str, Any]) -> None:
    after = copy.deepcopy(declared)
    after["containers"]["vaultwarden"]["mount_points"] = []

    item = _reviewed(declared, after)["vaultwarden"]

    assert item.data_at_risk == ("/srv/vaultwarden (2G on local-zfs, backup on)",)
    assert item.notes == ("mountpoint[0]: Proxmox VE keeps it pending until the next start",)
    assert item.budget == 2592


def test_what_proxmox_does_is_in_step_with_the_lab() -> None:
    """The lab plans a change by the same rules as the review tells it."""
    before = {"memory": 512, "features": [{"nesting": True}], "nameserver": None}
    after = {"memory": 1024, "features": [{"nesting": False}], "nameserver": "10.10.0.1"}

    found = {change.option: change.impact for change in update_steps(before, after)}

    assert found == {
        "memory": Impact.HOT,
        "features": Impact.RESTART,
        "nameserver": Impact.RESTART,
    }
