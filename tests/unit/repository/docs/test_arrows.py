from __future__ import annotations

import re
from pathlib import Path

import pytest

from homelab.model import Topology
from homelab.repository.docs.arrows import arrows
from homelab.repository.docs.layout import panels

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def topology() -> Topology:
    return Topology.load(ROOT / "terraform")


def _spread(topology: Topology, nodes: int) -> Topology:
    containers = tuple(
        container.model_copy(update={"node": f"pve{container.vmid % nodes}"})
        for container in topology
    )
    return topology.model_copy(update={"containers": containers})


def test_arrow_for_each_dependency(topology: Topology) -> None:
    boxes = tuple(box for panel in panels(_spread(topology, 2)) for box in panel.boxes)
    needs = sorted(name for container in topology for name in container.service.depends_on)
    drawn = arrows(boxes)

    assert sorted(arrow.needs for arrow in drawn) == needs
    assert len({arrow.path for arrow in drawn}) == len(needs)
    assert all(re.fullmatch(r"M[\d.,]+ C[-\d., ]+", arrow.path) for arrow in drawn)
