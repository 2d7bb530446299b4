from __future__ import annotations

import pytest

from homelab.provider.layouts import LXC
from homelab.pve.guest_options import CREATE_ONLY, OPTIONS
from homelab.pve.telmate.attributes import (
    CONFIG_OPTIONS,
    ONLY_AT_CREATION,
    REBUILDS,
    blocks,
    features,
    is_unset,
    mount_points,
)


def test_every_name_is_one_of_the_resource_and_of_pve() -> None:
    resource = LXC.empty()
    assert {*CONFIG_OPTIONS, *ONLY_AT_CREATION, *REBUILDS} <= set(resource)
    assert set(CONFIG_OPTIONS) <= set(OPTIONS)
    assert set(ONLY_AT_CREATION.values()) <= {*CREATE_ONLY, *OPTIONS}


@pytest.mark.parametrize(
    ("attribute", "value", "unset"),
    [
        ("cores", None, True),
        ("cores", 0, True),
        ("swap", 0, False),
        ("onboot", False, False),
        ("tags", "", True),
        ("swap", None, True),
    ],
)
def test_a_zero_is_sent_where_telmates_provider_sends_it(attribute, value, unset) -> None:
    assert is_unset(attribute, value) is unset


def test_blocks_are_read_whatever_is_between_them() -> None:
    assert blocks({"network": [{"name": "eth0"}, None, "x"]}, "network") == [{"name": "eth0"}]
    assert blocks({"network": None}, "network") == []
    assert features({"features": [{"nesting": True, "fuse": False}]}) == {"nesting": True}


def test_mount_points_are_told_by_their_slots() -> None:
    first, second = {"slot": 4, "mp": "/a"}, {"mp": "/b"}
    assert mount_points({"mountpoint": [first, second]}) == {4: first, 1: second}
