from __future__ import annotations

import pytest

from homelab.model import Topology
from homelab.pytest_plugin.expectation import expect, fail


def test_a_failure_names_the_container_its_service_and_what_was_seen(topology: Topology) -> None:
    plex = topology.container("plex")
    expect(plex, holds=True, seen="well")
    for failing in (lambda: fail(plex, "down"), lambda: expect(plex, holds=False, seen="down")):
        with pytest.raises(pytest.fail.Exception) as caught:
            failing()
        assert str(caught.value) == "container plex (vmid 204, service plex/plex:1): down"
        assert not caught.value.pytrace
