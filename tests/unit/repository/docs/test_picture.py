from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from homelab.model import Topology
from homelab.repository.docs.picture import picture

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def topology() -> Topology:
    return Topology.load(ROOT / "terraform")


def test_picture_is_xml_with_every_container(topology: Topology) -> None:
    drawn = picture(topology)
    texts = [element.text for element in ET.fromstring(drawn).iter() if element.text]  # noqa: S314

    assert drawn == picture(topology)
    assert {container.name for container in topology} <= set(texts)
    for network in topology.networks:
        assert any(str(network.cidr) in text for text in texts)
