"""One connection of a real server; tests/security/test_bounds.py measures many of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bounded_server import BoundedServer, bounded_server, head, read_all

from homelab.polling import wait_until

LONG = "x" * 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoundedServer]:
    path = tmp_path_factory.mktemp("connection") / "lab"
    with bounded_server(path, head_bytes=4096, failure_seconds=30.0) as made:
        yield made


def test_many_requests_come_on_one_connection(server: BoundedServer) -> None:
    with server.connect() as connection:
        for _ in range(50):  # together they are longer than one head may be
            connection.sendall(head("GET", "/version", Authorization=server.token, X=LONG))
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")


def test_a_body_is_no_part_of_the_head(server: BoundedServer) -> None:
    body = b"comment=" + b"x" * 100_000
    request = head("POST", "/access/groups", Authorization=server.token, Content_Length=len(body))
    with server.connect() as connection:
        connection.sendall(request + body)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 400 Parameter verification failed")


def test_a_head_that_has_no_end_ends_the_connection(server: BoundedServer) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n" + b"X: 1234567890\r\n" * 500)
        assert read_all(connection) == b""


def test_nobody_who_went_away_is_waited_for(server: BoundedServer) -> None:
    before = server.descriptors()
    for _ in range(20):  # each reply would come after half a minute
        with server.connect() as connection:
            connection.sendall(head("GET", "/version"))
    wait_until(lambda: server.descriptors() <= before, what="their end", timeout=10)
