"""Probes against services on the loopback: verdicts, retries, and what a failure shows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from homelab import probes
from homelab.errors import CapabilityError, ConfigurationError
from homelab.model.topology import Topology
from homelab.model.values import Container

MakeContainer = Callable[..., Container]
MakeTopology = Callable[..., Topology]


def test_service_that_comes_up_is_asked_again(service, make_container: MakeContainer) -> None:
    service.answers = [503, 503, 200]

    result = probes.probe(make_container(port=service.port), deadline=10)

    assert result.ok
    assert result.attempts == 3


def test_deadline_ends_the_asking(free_port: int, make_container: MakeContainer) -> None:
    result = probes.probe(make_container(port=free_port), deadline=0.4)

    assert not result.ok
    assert result.attempts > 1
    assert result.elapsed <= 0.5
    assert f"{result.attempts} attempts in 0." in str(result)


def test_stop_ends_the_asking(free_port: int, make_container: MakeContainer) -> None:
    stop = threading.Event()
    stop.set()

    assert probes.probe(make_container(port=free_port), deadline=60, stop=stop).attempts == 1


def test_all_are_asked_at_once_and_reported_in_order(
    service, make_container: MakeContainer, make_topology: MakeTopology
) -> None:
    service.delay = 0.2
    names = [f"c{number}" for number in range(28)]
    seen: list[str] = []

    begin = time.monotonic()
    report = probes.run(
        make_topology(*(make_container(name, port=service.port) for name in names)),
        on_result=lambda result: seen.append(result.container),
    )

    assert time.monotonic() - begin < 2
    assert [result.container for result in report] == names
    assert sorted(seen) == sorted(names)
    assert report.failures == ()
    report.raise_for_failures()


def test_only_picks_by_name(
    service, free_port: int, make_container: MakeContainer, make_topology: MakeTopology
) -> None:
    topology = make_topology(
        make_container("plex", port=service.port), make_container("sonarr", port=free_port)
    )

    assert [result.container for result in probes.run(topology, only=["plex"])] == ["plex"]
    with pytest.raises(ConfigurationError, match="no container is called plox"):
        probes.run(topology, only=["plox", "plex"])


def test_nothing_to_probe_is_an_error(
    make_container: MakeContainer, make_topology: MakeTopology
) -> None:
    with pytest.raises(ConfigurationError, match="no container to probe"):
        probes.run(make_topology())
    with pytest.raises(ConfigurationError, match="no container to probe"):
        probes.run(make_topology(make_container(port=1)), only=[])


def test_target_says_which_network(
    make_container: MakeContainer, make_topology: MakeTopology, tmp_path: Path
) -> None:
    class Gone:
        def network_namespace(self) -> Path | None:
            return tmp_path / "gone"

    with pytest.raises(CapabilityError, match="gone"):
        probes.run(make_topology(make_container(port=1)), target=Gone())


def test_error_of_the_reader_ends_the_run(
    free_port: int, make_container: MakeContainer, make_topology: MakeTopology, service
) -> None:
    def refuse(result: probes.ProbeResult) -> None:
        raise LookupError(result.container)

    begin = time.monotonic()
    with pytest.raises(LookupError, match="plex"):
        probes.run(
            make_topology(
                make_container("plex", port=service.port), make_container("sonarr", port=free_port)
            ),
            deadline=60,
            on_result=refuse,
        )

    assert time.monotonic() - begin < 5
