from __future__ import annotations

from pathlib import Path

import pytest

from homelab.model import Topology
from homelab.repository.docs.generated import PAGE, pages
from homelab.settings import load

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def topology() -> Topology:
    return Topology.load(ROOT / "terraform")


def test_page_has_every_container_address_and_port(topology: Topology) -> None:
    text = pages(load(ROOT))[PAGE]

    for container in topology:
        assert f"**{container.name}**" in text
        for interface in container.networks:
            assert f"| {interface.address} | {interface.bridge} | {container.name} " in text
        for port in container.service.ports:
            assert f"| {container.name} | {port.port}/{port.protocol} |" in text
        for needed in container.service.depends_on:
            ends = (name.replace("-", "_") for name in (container.name, needed))
            assert "  c_{} --> c_{}\n".format(*ends) in text
