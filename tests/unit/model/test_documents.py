from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.errors import TopologyError
from homelab.model import (
    Topology,
    document_of,
    topology_from_document,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def document(topology: Topology) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(json.dumps(document_of(topology)))
    return parsed


def test_there_and_back(topology: Topology, document: dict[str, Any]) -> None:
    assert topology_from_document(document) == topology


@given(data=st.data())
def test_the_order_of_keys_does_not_matter(topology: Topology, data: st.DataObject) -> None:
    document = document_of(topology)
    names = data.draw(st.permutations(list(document["containers"])))
    document["containers"] = {name: document["containers"][name] for name in names}
    document["firewall"] = data.draw(st.permutations(document["firewall"]))
    assert topology_from_document(document) == topology


def _set(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        node: Any = document
        for part in parents:
            node = node[int(part)] if part.isdecimal() else node[part]
        node[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("schema", 2), "schema: 2 is not 1"),
        (_set("containers", []), "containers: must be an object"),
        (_set("containers/plex", 3), "containers.plex: must be an object"),
        (_set("firewall", {}), "firewall: must be a list"),
        (_set("containers/plex/vmid", "201"), "containers.plex.vmid: plex: vmid is '201'"),
        (_set("containers/plex/color", "red"), "containers.plex.color: plex: unknown attribute"),
    ],
)
def test_a_wrong_document_is_an_error_with_the_place(
    document: dict[str, Any], change: Callable[[dict[str, Any]], None], message: str
) -> None:
    change(document)
    with pytest.raises(TopologyError) as caught:
        topology_from_document(document)
    assert any(message in problem for problem in caught.value.problems), str(caught.value)
