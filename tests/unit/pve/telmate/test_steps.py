from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.pve.guest_change import Verb
from homelab.pve.telmate.steps import creation_steps, update_steps

_ROOT = {"storage": "local-zfs", "size": "8G", "volume": "local-zfs:subvol-201-disk-0"}
_MOUNT = {"slot": 0, "key": "0", "mp": "/srv", "storage": "local-zfs", "size": "1G"}
_NIC = {"name": "eth0", "bridge": "vmbr0", "hwaddr": "BC:24:11:00:00:01", "type": "veth"}
_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "cores": st.none() | st.integers(0, 4),
        "memory": st.integers(256, 512),
        "tags": st.none() | st.sampled_from(["", "a", "a;b"]),
        "features": st.lists(st.fixed_dictionaries({"nesting": st.booleans()}), max_size=1),
        "network": st.lists(st.just(_NIC), max_size=2),
        "mountpoint": st.lists(st.just(_MOUNT), max_size=1),
        "rootfs": st.just([_ROOT]),
        "start": st.booleans(),
        "pool": st.none() | st.sampled_from(["media", ""]),
    },
)


@given(_VALUES)
def test_what_is_as_it_was_takes_no_step(values: dict[str, Any]) -> None:
    assert update_steps(values, values) == ()


@given(_VALUES, _VALUES)
def test_each_option_is_asked_for_once_a_verb(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    steps = [(step.verb, step.option) for step in update_steps(before, after)]
    assert len(steps) == len(set(steps))
    assert all(step.verb is Verb.SET for step in creation_steps(after))


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [
        ({"cores": 2}, {"cores": None}, [(Verb.DELETE, "cores")]),
        ({"network": [_NIC, _NIC]}, {"network": [_NIC]}, [(Verb.DELETE, "net1")]),
        ({"network": [_NIC]}, {"network": [{"name": "eth0", "bridge": "vmbr0"}]}, []),
        ({"rootfs": [_ROOT]}, {"rootfs": [{**_ROOT, "size": "9G"}]}, [(Verb.RESIZE, "rootfs")]),
        ({"rootfs": [_ROOT]}, {"rootfs": [{**_ROOT, "size": "8192M"}]}, []),
        ({"mountpoint": [_MOUNT]}, {"mountpoint": []}, [(Verb.DELETE, "mp0")]),
        (
            {"mountpoint": [_MOUNT]},
            {"mountpoint": [{**_MOUNT, "storage": "tank"}]},
            [(Verb.MOVE, "mp0")],
        ),
        ({"start": True}, {"start": False}, [(Verb.STOP, "start")]),
        ({"start": True}, {"start": None}, []),
        ({"pool": "media"}, {"pool": ""}, [(Verb.POOL, "pool")]),
    ],
)
def test_what_differs_is_asked_for(before, after, steps) -> None:
    assert [(step.verb, step.option) for step in update_steps(before, after)] == steps
