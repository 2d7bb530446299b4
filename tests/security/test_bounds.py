"""What one client can hold of the server, measured from outside while others are answered."""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from bounded_server import HALF_TLS, BoundedServer, bounded_server, head, read_all

from homelab.lab.server.limits import Limits
from homelab.polling import wait_until

LIMITS = Limits()
HELD = 300
"""Connections that a hostile client holds; the bound is below, so more make no difference."""
OWN_DESCRIPTORS = 100
MEMORY = 64 << 20
"""What strangers' connections may take, as the limits say, and some for the allocator."""
SHORT = {
    "handshake_seconds": 0.5,
    "head_seconds": 0.5,
    "idle_seconds": 0.5,
    "body_seconds": 0.5,
    "write_seconds": 0.5,
    "failure_seconds": 0.3,
    "sweep_seconds": 0.05,
}
VERSION = "/version"
UPLOAD = "/nodes/pve/storage/local/upload"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoundedServer]:
    """With the limits that every lab has."""
    with bounded_server(tmp_path_factory.mktemp("bounds") / "lab") as made:
        yield made


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoundedServer]:
    """With the same numbers, and short times."""
    with bounded_server(tmp_path_factory.mktemp("hasty") / "lab", **SHORT) as made:
        yield made


def is_answered(server: BoundedServer, *, own: str = "127.0.0.1") -> bool:
    request = head("GET", VERSION, Authorization=server.token, Connection="close")
    return server.ask(request, own=own).startswith(b"HTTP/1.1 200")


def _plain_half(server: BoundedServer) -> socket.socket:
    connection = server.connect(tls=False)
    connection.sendall(HALF_TLS)
    return connection


def _head_half(server: BoundedServer) -> socket.socket:
    connection = server.connect()
    connection.sendall(head("GET", VERSION)[:-2] + b"X: ")
    return connection


def _body_half(server: BoundedServer) -> socket.socket:
    connection = server.connect()
    connection.sendall(head("POST", "/access/ticket", Content_Length=1000) + b"username=")
    return connection


@pytest.mark.parametrize("half", [_plain_half, _head_half, _body_half])
def test_half_requests_from_one_address_hold_up_nobody(server: BoundedServer, half) -> None:
    assert is_answered(server)
    before = server.memory()
    with ExitStack() as stack:
        for number in range(HELD):
            stack.enter_context(half(server))
            if number % 100 == 99:
                assert is_answered(server)
                assert is_answered(server, own="127.0.0.9")
        assert server.descriptors() <= LIMITS.connections + OWN_DESCRIPTORS
        assert server.memory() - before < MEMORY
        assert is_answered(server)
    wait_until(lambda: server.descriptors() < OWN_DESCRIPTORS, what="the end of them", timeout=10)


def test_connections_of_a_user_who_has_logged_in_are_bounded_too(server: BoundedServer) -> None:
    with ExitStack() as stack:
        for _ in range(LIMITS.of_one_user + 40):
            connection = stack.enter_context(server.connect())
            connection.sendall(head("GET", VERSION, Authorization=server.token))
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert server.descriptors() <= LIMITS.of_one_user + OWN_DESCRIPTORS
        assert is_answered(server)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        HALF_TLS,
    ],
    ids=["nothing", "half a handshake"],
)
def test_a_handshake_has_to_end(hasty: BoundedServer, start: bytes) -> None:
    with hasty.connect(tls=False) as connection:
        connection.sendall(start)
        assert len(read_all(connection)) < 100


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"GET /api2/json/version HTTP/1.1\r\nX: ",
        head("POST", "/access/ticket", Content_Length=100) + b"username=",
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_request_has_to_end(hasty: BoundedServer, start: bytes) -> None:
    with hasty.connect() as connection:
        connection.sendall(start)
        assert read_all(connection) == b""


@pytest.mark.parametrize(
    "start",
    [
        b"GET /api2/json/version HTTP/1.1\r\nX: ",
        head("POST", "/access/ticket", Content_Length=30_000),
    ],
    ids=["head", "body"],
)
def test_bytes_that_come_one_by_one_give_no_more_time(hasty: BoundedServer, start: bytes) -> None:
    def drips(connection: ssl.SSLSocket) -> None:
        for _ in range(200):
            connection.sendall(b"x")
            with suppress(TimeoutError):
                if connection.recv(1) == b"":
                    raise ConnectionResetError

    with hasty.connect() as connection:
        connection.sendall(start)
        connection.settimeout(0.02)
        with pytest.raises((ConnectionError, ssl.SSLError)):
            drips(connection)


def test_a_connection_that_asks_no_more_ends(hasty: BoundedServer) -> None:
    with hasty.connect() as connection:
        connection.sendall(head("GET", VERSION, Authorization=hasty.token))
        assert read_all(connection).startswith(b"HTTP/1.1 200")


def test_a_client_that_reads_no_reply_is_not_waited_for(hasty: BoundedServer) -> None:
    before = hasty.descriptors()
    with hasty.connect(tls=False) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with hasty.context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
            request = head("GET", "/access/permissions", Authorization=hasty.token)
            connection.settimeout(0.5)
            with suppress(TimeoutError, ConnectionError, ssl.SSLError):
                for _ in range(5000):
                    connection.sendall(request * 10)
            wait_until(
                lambda: hasty.descriptors() <= before, what="its connection's end", timeout=10
            )


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /api2/json/" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /api2/json/version HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET /api2/json/version HTTP/1.1\r\n" + b"X: x\r\n" * 1000 + b"\r\n",
        b"GET /api2/json/version HTTP/1.1\r\n" + b"X: " + b"x" * 8000 + b"\r\n" * 60 + b"\r\n",
        b"GET //[ HTTP/1.1\r\n\r\n",
        b"GET \xff\xfe HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
        head("GET", "/\udcff".encode(errors="surrogateescape").decode("latin-1")),
    ],
    ids=["url", "header", "headers", "head", "address", "bytes", "nonsense", "path"],
)
def test_heads_without_measure_are_refused(hasty: BoundedServer, request_: bytes) -> None:
    with hasty.connect() as connection:
        with suppress(ConnectionError, ssl.SSLError):
            connection.sendall(request_)
        answer = read_all(connection)
        assert answer == b"" or b" 500 " not in answer.split(b"\r\n")[0]
        assert b" 200 " not in answer.split(b"\r\n")[0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "PVEAPIToken=root@pam!homelab=\xff"},
        {"Authorization": "PVEAuthCookie=PVE:root@pam:00000000::\xff"},
        {"Cookie": "PVEAuthCookie=PVE:\xff::\xff"},
    ],
)
def test_credentials_that_are_no_text_are_wrong_ones(hasty: BoundedServer, headers) -> None:
    request = head("GET", VERSION, **headers).decode().encode("latin-1")
    assert hasty.ask(request).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize(
    ("authorization", "size", "status"),
    [
        ("PVEAPIToken=a@pam!b=c", 1000, 401),
        ("token", LIMITS.body_bytes + 1, 501),
        ("token", LIMITS.body_bytes, 400),
    ],
)
def test_a_body_is_as_large_as_it_may_be(
    hasty: BoundedServer, authorization: str, size: int, status: int
) -> None:
    words = hasty.token if authorization == "token" else authorization
    request = head("POST", "/access/users", Authorization=words, Content_Length=size)
    with hasty.connect() as connection:
        connection.sendall(request)
        if status == 400:
            connection.sendall(b"x" * size)
        assert connection.recv(1 << 16).startswith(f"HTTP/1.1 {status}".encode())


def test_a_login_is_a_small_request(hasty: BoundedServer) -> None:
    request = head("POST", "/access/ticket", Content_Length=LIMITS.stranger_body_bytes + 1)
    assert hasty.ask(request).startswith(b"HTTP/1.1 501 for data too large")


def test_no_body_is_unpacked(hasty: BoundedServer) -> None:
    packed = zlib.compress(b"username=" + b"x" * (32 << 20), 9)[: LIMITS.stranger_body_bytes]
    before = hasty.memory()
    request = head("POST", "/access/ticket", Content_Length=len(packed), Content_Encoding="deflate")
    assert hasty.ask(request + packed).startswith(b"HTTP/1.1 4")
    assert hasty.memory() - before < 16 << 20


BEGINNING = (
    b'--x\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n'
    b'--x\r\nContent-Disposition: form-data; name="filename"; filename="a.iso"\r\n\r\n'
)


def upload(authorization: str, size: int, path: str = UPLOAD) -> bytes:
    return head(
        "POST",
        path,
        Authorization=authorization,
        Content_Type="multipart/form-data; boundary=x",
        Content_Length=size,
    )


@pytest.mark.parametrize(
    ("authorization", "size", "path", "status"),
    [
        ("none", 1 << 30, UPLOAD, b"401 No ticket"),
        ("PVEAPIToken=root@pam!homelab=x", 1 << 30, UPLOAD, b"401 invalid token value!"),
        ("token", 1 << 50, UPLOAD, b"500 upload failed: no room"),
        ("token", 1 << 30, "/access/users", b"506 "),
        ("token", 1 << 30, "/nodes/pve/storage/none/uploads", b"506 "),
    ],
)
def test_an_upload_is_decided_on_before_it_comes_in(
    hasty: BoundedServer, authorization: str, size: int, path: str, status: bytes
) -> None:
    words = hasty.token if authorization == "token" else authorization
    with hasty.connect() as connection:
        connection.sendall(upload(words, size, path) + BEGINNING + b"x" * 1000)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 " + status)
        assert hasty.incoming() == []
        sent = 0
        with suppress(ConnectionError, ssl.SSLError):
            while sent < 64 << 20:
                sent += connection.send(b"x" * (1 << 16))
        assert sent < 32 << 20  # what lies in buffers


def test_of_an_upload_that_is_cut_off_nothing_stays(hasty: BoundedServer) -> None:
    with hasty.connect() as connection:
        connection.sendall(upload(hasty.token, 1 << 20) + BEGINNING + b"x" * 100_000)
        wait_until(hasty.incoming, what="the file's beginning", timeout=5, interval=0.01)
    wait_until(lambda: not hasty.incoming(), what="the file's end", timeout=5, interval=0.01)


def test_nor_of_one_that_comes_no_further(hasty: BoundedServer) -> None:
    with hasty.connect() as connection:
        connection.sendall(upload(hasty.token, 1 << 20) + BEGINNING + b"x" * 20_000)
        wait_until(hasty.incoming, what="the file's beginning", timeout=5, interval=0.01)
        assert read_all(connection) == b""
    wait_until(lambda: not hasty.incoming(), what="the file's end", timeout=5, interval=0.01)


def test_what_a_killed_server_left_goes(tmp_path: Path) -> None:
    with bounded_server(tmp_path / "lab") as killed, killed.connect() as connection:
        connection.sendall(upload(killed.token, 1 << 20) + BEGINNING + b"x" * 100_000)
        wait_until(killed.incoming, what="the file's beginning", timeout=5, interval=0.01)
    assert killed.incoming() != []
    with bounded_server(tmp_path / "lab") as again:
        assert again.incoming() == []


def test_wrong_logins_cost_little_and_hold_up_nobody(hasty: BoundedServer) -> None:
    body = b"username=root@pam&password=wrong"
    request = head("POST", "/access/ticket", Content_Length=len(body)) + body
    with ExitStack() as stack:
        for number in range(LIMITS.strangers_of_one_address):
            connection = stack.enter_context(hasty.connect())
            connection.sendall(request)
            if number % 30 == 29:
                assert is_answered(hasty)
    right = f"username=root@pam&password={hasty.info.password}".encode()
    request = head("POST", "/access/ticket", Content_Length=len(right), Connection="close")
    assert hasty.ask(request + right, own="127.0.0.7").startswith(b"HTTP/1.1 200")
    assert hasty.threads() < LIMITS.threads


def test_all_who_are_refused_wait_as_long(hasty: BoundedServer) -> None:
    for user in ("root@pam", "nobody@pve"):
        body = f"username={user}&password=wrong".encode()
        request = head("POST", "/access/ticket", Content_Length=len(body)) + body
        begin = time.monotonic()
        assert hasty.ask(request).startswith(b"HTTP/1.1 401 authentication failure")
        assert time.monotonic() - begin >= SHORT["failure_seconds"]
