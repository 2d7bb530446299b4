from __future__ import annotations

from typing import Any

import pytest

from homelab.model.changes import Action, Change
from homelab.policy.losses import lost_volumes, may_hold_data, place, resized
from homelab.policy.values import UNKNOWN

_DATA = {"slot": 0, "key": "0", "mp": "/srv/data", "volume": "local-zfs:subvol-201-disk-1"}


def _change(action: Action = Action.UPDATE, **parts: Any) -> Change:
    address = 'module.container["plex"].proxmox_lxc.this'
    return Change(address, "proxmox_lxc", "plex", action, **parts)


@pytest.mark.parametrize(
    ("before", "holds"),
    [
        ({}, False),
        ({"tags": "media;web"}, False),
        ({"tags": "media;data"}, True),
        ({"tags": "database"}, False),
        ({"tags": ["data"]}, True),
        ({"mountpoint": []}, False),
        ({"mountpoint": [{"backup": False}]}, False),
        ({"mountpoint": [{"backup": False}, {}]}, True),
        ({"mountpoint": "what?"}, True),
    ],
)
def test_when_in_doubt_a_container_holds_data(before: dict[str, Any], holds: object) -> None:
    assert may_hold_data(before) is holds


@pytest.mark.parametrize(
    ("after", "lost"),
    [
        ([_DATA], []),
        ([{**_DATA, "mp": "/srv/other"}], []),
        ([{**_DATA, "volume": None}], []),
        ([{**_DATA, "volume": "local-zfs:subvol-201-disk-9"}], ["/srv/data"]),
        ([{**_DATA, "slot": 1, "key": "1"}], ["/srv/data"]),
        ([], ["/srv/data"]),
        (None, ["/srv/data"]),
    ],
)
def test_a_volume_is_lost_where_its_slot_has_another_or_none(after: object, lost: list) -> None:
    assert list(lost_volumes({"mountpoint": [_DATA]}, {"mountpoint": after})) == lost


def test_a_size_that_changes_is_told_also_where_it_is_not_known_yet() -> None:
    before = {"mountpoint": [{"size": "8G"}, {"size": "1024M"}, {"size": "4G"}]}
    after = {"mountpoint": [{"size": "4G"}, {"size": "1G"}, {"size": None}]}
    unknown = {"mountpoint": [{}, {}, {"size": True}]}
    change = _change(before=before, after=after, unknown=unknown)
    assert list(resized(change, "mountpoint")) == [
        (0, 8 << 30, 4 << 30),
        (2, 4 << 30, UNKNOWN),
    ]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (
            _change(Action.REPLACE, replace_paths=(("rootfs", 0, "storage"),)),
            ("containers", "plex", "rootfs", 0, "storage"),
        ),
        (
            _change(Action.REPLACE, replace_paths=(("target_node",),)),
            ("containers", "plex", "node"),
        ),
        (_change(Action.REPLACE), ("containers", "plex")),
        (_change(Action.DELETE, before={"pool": "media"}), ("category", "media")),
        (_change(Action.DELETE), ("category", "")),
    ],
)
def test_a_removal_comes_from_what_forces_it(change: Change, where: tuple) -> None:
    assert place(change) == where
