from __future__ import annotations

import pytest

from homelab.model import Topology


def test_containers_are_found_by_name_and_counted(topology: Topology) -> None:
    assert len(topology) == len(list(topology)) == len(topology.containers)
    assert topology.container("plex").category == "media"
    with pytest.raises(KeyError):
        topology.container("none")


def test_categories_are_in_the_order_of_their_first_container(topology: Topology) -> None:
    assert topology.categories == ("media", "monitoring", "security", "business")
    turned = topology.model_copy(update={"containers": topology.containers[::-1]})
    assert turned.categories == topology.categories[::-1]
