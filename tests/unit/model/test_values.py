from __future__ import annotations

import pytest
from pydantic import ValidationError

from homelab.model import Topology
from homelab.model.values import MountPoint, PublishedPort, Service


def _service(**values: object) -> Service:
    given = {"image": "plex:1", "ports": [], "health": {"port": 80}, "slo": 99.9}
    return Service.model_validate({**given, **values})


@pytest.mark.parametrize(
    "wrong",
    [
        {"image": "plex:latest"},
        {"image": "plex"},
        {"image": "plex@sha256:0"},
        {"slo": 0},
        {"slo": 100.1},
        {"health": {"port": 80, "path": "health"}},
        {"health": {"port": 0}},
        {"colour": "red"},
    ],
)
def test_what_is_no_service_is_refused(wrong: dict[str, object]) -> None:
    assert _service().health.status == 200
    with pytest.raises(ValidationError):
        _service(**wrong)


def test_sizes_and_ports_are_checked() -> None:
    with pytest.raises(ValidationError, match="is not a size"):
        MountPoint(path="/srv", storage="local-zfs", size="8 GB")
    with pytest.raises(ValidationError):
        PublishedPort(port=65536)


def test_a_container_is_reached_at_its_first_interface(topology: Topology) -> None:
    plex = topology.container("plex")
    assert plex.address == plex.networks[0].ip.ip
    health = plex.service.health
    assert plex.health_url == f"{health.scheme}://{plex.address}:{health.port}{health.path}"
    with pytest.raises(ValidationError):
        plex.memory = 1
