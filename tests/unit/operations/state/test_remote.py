from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.clients.postgres import StoredState
from homelab.operations.state.remote import MigrationError, _lost, _require_room

_LINEAGE = "6b85f531-bc8c-1113-7a1a-7ea71091beeb"


def _resource(name: str, *keys: str) -> dict[str, Any]:
    return {
        "module": f'module.container["{name}"]',
        "mode": "managed",
        "type": "proxmox_lxc",
        "name": "this",
        "instances": [{"index_key": key, "attributes": {}} for key in keys or (None,)],
    }


_STATES = st.builds(
    lambda serial, names, outputs: {
        "serial": serial,
        "lineage": _LINEAGE,
        "resources": [_resource(name) for name in names],
        "outputs": outputs,
    },
    st.integers(0, 1000),
    st.sets(st.sampled_from("abcdef"), min_size=1),
    st.dictionaries(st.sampled_from("xyz"), st.integers()),
)


@given(_STATES, st.data())
def test_whatever_gets_lost_is_noticed(state: dict[str, Any], data: st.DataObject) -> None:
    assert _lost(state, state) == ()
    assert _lost(state, {**state, "serial": state["serial"] + 1}) == ()
    assert _lost(state, {**state, "lineage": "other"}) != ()
    assert _lost(state, {**state, "serial": state["serial"] - 1}) != ()
    assert _lost(state, {**state, "outputs": {**state["outputs"], "w": 1}}) != ()
    assert _lost(state, {}) != ()
    fewer = copy.deepcopy(state)
    gone = fewer["resources"].pop(data.draw(st.integers(0, len(fewer["resources"]) - 1)))

    (line,) = _lost(state, fewer)

    assert gone["module"] in line


def test_each_instance_counts() -> None:
    state = {"serial": 1, "lineage": _LINEAGE, "resources": [_resource("a", "x", "y")]}
    fewer = {**state, "resources": [_resource("a", "x")]}

    assert _lost(state, fewer)[0].startswith("resources: 2 -> 1")


def _stored(serial: int, lineage: str = _LINEAGE, resources: int = 3) -> StoredState:
    return StoredState(serial=serial, lineage=lineage, resources=resources)


@pytest.mark.parametrize("there", [_stored(1, "other", 0), _stored(0, "", 0), _stored(4)])
def test_an_empty_or_older_destination_may_be_written(there: StoredState) -> None:
    _require_room("production", _stored(5), there)


@pytest.mark.parametrize(
    ("there", "text"),
    [(_stored(1, "other"), "another lineage"), (_stored(5), "serial 5"), (_stored(9), "serial 9")],
)
def test_another_or_newer_state_is_never_overwritten(there: StoredState, text: str) -> None:
    with pytest.raises(MigrationError, match=text):
        _require_room("production", _stored(5), there)
