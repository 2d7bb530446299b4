from __future__ import annotations

from pathlib import Path

import pytest

from homelab.model import Topology
from homelab.repository.docs.layout import BOX_HEIGHT, BOX_WIDTH, column_order, panels

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


@pytest.mark.parametrize("nodes", [1, 2, 3])
def test_nothing_overlaps(topology: Topology, nodes: int) -> None:
    drawn = panels(_spread(topology, nodes))
    boxes = [box for panel in drawn for box in panel.boxes]

    assert len(drawn) == nodes
    assert len(boxes) == len(topology)
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            apart = abs(one.x - other.x) >= BOX_WIDTH or abs(one.y - other.y) >= BOX_HEIGHT
            assert apart, (one.container.name, other.container.name)
    for panel in drawn:
        for box in panel.boxes:
            assert panel.y < box.y < box.y + BOX_HEIGHT < panel.y + panel.height
            assert box.x + BOX_WIDTH < panel.width


def test_each_container_hangs_on_each_of_its_bridges(topology: Topology) -> None:
    (panel,) = panels(topology)
    stubs = {(riser.network.bridge, height) for riser in panel.risers for height, _ in riser.stubs}

    for box in panel.boxes:
        for interface in box.container.networks:
            assert any(
                bridge == interface.bridge and box.y < height < box.y + BOX_HEIGHT
                for bridge, height in stubs
            )


def test_categories_that_need_each_other_are_neighbours(topology: Topology) -> None:
    order = column_order(topology)

    assert abs(order.index("media") - order.index("security")) == 1
