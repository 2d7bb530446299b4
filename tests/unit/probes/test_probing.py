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
from homelab.probes import ProbesFailedError, Seen, http

MakeContainer = Callable[..., Container]
MakeTopology = Callable[..., Topology]


def test_healthy_service(service, make_container: MakeContainer) -> None:
    result = probes.probe(make_container(port=service.port))

    assert result.ok
    assert (result.status, result.attempts, result.detail) == (200, 1, "")
    assert service.paths == ["/identity"]
    assert "container plex: service plexinc/pms-docker:1.41.3" in str(result)
    assert "answered 200" in str(result)


def test_other_status_is_shown_with_the_answer(service, make_container: MakeContainer) -> None:
    service.answers = [503]
    service.body = b"database is\nlocked \x1b[31m" + b"x" * 500

    result = probes.probe(make_container(port=service.port))

    assert not result.ok
    assert result.status == 503
    assert "answered 503, not 200 (database is locked .[31mxxx" in str(result)
    assert len(str(result)) < 300


def test_redirect_is_not_followed(service, make_container: MakeContainer) -> None:
    service.answers = [302]

    assert not probes.probe(make_container(port=service.port)).ok
    assert probes.probe(make_container(port=service.port, status=302)).ok
    assert service.paths == ["/identity", "/identity"]


def test_nothing_listens(free_port: int, make_container: MakeContainer) -> None:
    result = probes.probe(make_container(port=free_port))

    assert result.seen is Seen.REFUSED
    assert str(result) == (
        "container plex: service plexinc/pms-docker:1.41.3 at "
        f"http://127.0.0.1:{free_port}/identity: connection refused"
    )


def test_answer_that_does_not_come(service, make_container: MakeContainer) -> None:
    service.delay = 0.5

    result = probes.probe(make_container(port=service.port), timeout=0.1)

    assert result.seen is Seen.TIMEOUT
    assert result.latency < 0.4


@pytest.mark.parametrize(
    ("content", "seen"),
    [(b"", Seen.CLOSED), (b"SSH-2.0-OpenSSH_10.0\r\n", Seen.NOT_HTTP)],
)
def test_answer_that_is_not_http(
    raw_service: Callable[[bytes], int], make_container: MakeContainer, content: bytes, seen: Seen
) -> None:
    result = probes.probe(make_container(port=raw_service(content)))

    assert (result.ok, result.seen) == (False, seen)


def test_tls_where_there_is_none(service, make_container: MakeContainer) -> None:
    result = probes.probe(make_container(port=service.port, scheme="https"))

    assert result.seen is Seen.TLS


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


def test_unreachable_address(
    make_container: MakeContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError(113, "No route to host")

    monkeypatch.setattr("socket.create_connection", unreachable)

    attempt = http.attempt(make_container(port=1), timeout=1)

    assert (attempt.seen, attempt.detail) == (Seen.UNREACHABLE, "No route to host")
