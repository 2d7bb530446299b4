from __future__ import annotations

from collections.abc import Callable

import pytest

from homelab import probes
from homelab.model.values import Container
from homelab.probes import Seen, http

MakeContainer = Callable[..., Container]


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
    assert "answered 503, not 200 (database is locked \\x1b[31mxxx" in str(result)
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


def test_unreachable_address(
    make_container: MakeContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError(113, "No route to host")

    monkeypatch.setattr("socket.create_connection", unreachable)

    attempt = http.attempt(make_container(port=1), timeout=1)

    assert (attempt.seen, attempt.detail) == (Seen.UNREACHABLE, "No route to host")
