from __future__ import annotations

from typing import Any

import pytest

from homelab.policy.losses import lost_volumes, may_hold_data, place, resized
from homelab.policy.values import UNKNOWN, ChangeView

_DATA = {"slot": 0, "key": "0", "mp": "/srv/data", "volume": "local-zfs:subvol-201-disk-1"}


def _change(action: str = "update", **parts: Any) -> ChangeView:
    values: dict[str, Any] = {
        "address": 'module.container["plex"].proxmox_lxc.this',
        "type": "proxmox_lxc",
        "name": "plex",
        "action": action,
        "before": {},
        "after": {},
        "unknown": {},
        "replace_paths": (),
    }
    return ChangeView(**{**values, **parts})


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
            _change("replace", replace_paths=(("rootfs", 0, "storage"),)),
            ("containers", "plex", "rootfs", 0, "storage"),
        ),
        (_change("replace", replace_paths=(("target_node",),)), ("containers", "plex", "node")),
        (_change("replace"), ("containers", "plex")),
        (_change("delete", before={"pool": "media"}), ("category", "media")),
        (_change("delete"), ("category", "")),
    ],
)
def test_a_removal_comes_from_what_forces_it(change: ChangeView, where: tuple) -> None:
    assert place(change) == where
