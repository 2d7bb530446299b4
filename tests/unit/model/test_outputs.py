from __future__ import annotations

import json
from typing import Any

import pytest

from homelab.errors import TopologyError
from homelab.model import (
    Topology,
    document_of,
    topology_from_outputs,
)


@pytest.fixture
def document(topology: Topology) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(json.dumps(document_of(topology)))
    return parsed


def test_outputs_in_each_of_terraforms_forms(topology: Topology, document: dict[str, Any]) -> None:
    assert topology_from_outputs({"topology": {"sensitive": False, "value": document}}) == topology
    assert topology_from_outputs(document) == topology


@pytest.mark.parametrize("outputs", [{}, {"topology": {}}, {"other": {"value": 1}}])
def test_no_output_is_an_error(outputs: dict[str, Any]) -> None:
    with pytest.raises(TopologyError, match="hold no value of the output 'topology'"):
        topology_from_outputs(outputs)
