from __future__ import annotations

from collections.abc import Callable

import pytest

from homelab import probes
from homelab.model.topology import Topology
from homelab.model.values import Container
from homelab.probes import ProbesFailedError

MakeContainer = Callable[..., Container]


MakeTopology = Callable[..., Topology]


def test_failures_are_raised_together_on_request(
    service, free_port: int, make_container: MakeContainer, make_topology: MakeTopology
) -> None:
    report = probes.run(
        make_topology(
            make_container("plex", port=service.port), make_container("sonarr", port=free_port)
        )
    )

    with pytest.raises(ProbesFailedError) as caught:
        report.raise_for_failures()

    lines = str(caught.value).splitlines()
    assert lines[0] == "1 of 2 services are not healthy:"
    assert lines[1].startswith("  container sonarr: service ")
    assert lines[1].endswith("connection refused")
    assert caught.value.report is report
