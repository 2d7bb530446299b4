from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from homelab.lab.registry.oci import MANIFEST, BlobStore, ImageConfig, add_manifest
from homelab.lab.registry.server import Bounds, Registry
from homelab.polling import wait_until

BOUNDS = Bounds(
    connections=12,
    of_one_address=8,
    head_seconds=0.4,
    send_seconds=0.4,
    send_rate=1 << 20,
    sweep_seconds=0.02,
)


@pytest.fixture
def registry(tmp_path):
    store = BlobStore(tmp_path / "blobs")
    config = ImageConfig(entrypoint=("/x",), environment={}, labels={})
    layer = store.add(b"x" * 100_000)
    manifest = add_manifest(store, config, [layer])
    references = tmp_path / "references.json"
    references.write_text(json.dumps({"prom/prometheus:v3": manifest.digest}))
    with serving(store, references, Bounds()) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
        yield connection, manifest, layer
        connection.close()


@contextmanager
def serving(store: BlobStore, references: Path, bounds: Bounds) -> Iterator[Registry]:
    with Registry(("127.0.0.1", 0), store.directory, references, bounds=bounds) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(connection, path, method="GET"):
    connection.request(method, path)
    answer = connection.getresponse()
    return answer, answer.read()


def test_a_pull(registry):
    connection, manifest, layer = registry
    assert ask(connection, "/v2/")[0].status == 200
    answer, body = ask(connection, "/v2/prom/prometheus/manifests/v3")
    assert answer.headers["Content-Type"] == MANIFEST
    assert answer.headers["Docker-Content-Digest"] == manifest.digest
    again, same = ask(connection, f"/v2/prom/prometheus/manifests/{manifest.digest}")
    assert (again.status, same) == (200, body)
    head, nothing = ask(connection, "/v2/prom/prometheus/manifests/v3", "HEAD")
    assert (head.headers["Content-Length"], nothing) == (str(len(body)), b"")
    _, content = ask(connection, f"/v2/prom/prometheus/blobs/{layer.digest}")
    assert content == b"x" * 100_000
    assert ask(connection, "/v2/")[0].status == 200, "the connection stays usable"


def test_a_manifest_that_does_not_say_what_it_is(registry, tmp_path):
    blob = BlobStore(tmp_path / "blobs").add(b'{"schemaVersion": 2}')
    answer, _ = ask(registry[0], f"/v2/a/b/manifests/{blob.digest}")
    assert answer.headers["Content-Type"] == MANIFEST


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/prom/prometheus/manifests/v4", "MANIFEST_UNKNOWN"),
        ("/v2/prom/prometheus/blobs/sha256:" + "0" * 64, "BLOB_UNKNOWN"),
        ("/v2/prom/prometheus/blobs/references.json", "MANIFEST_UNKNOWN"),
        ("/v2/prom/prometheus/blobs/../references.json", "UNSUPPORTED"),
        ("/v2/prom/prometheus/tags/list", "UNSUPPORTED"),
        ("/", "UNSUPPORTED"),
    ],
)
def test_what_is_not_there_is_an_error_of_the_api(registry, path, code):
    answer, body = ask(registry[0], path)
    assert answer.status == 404
    assert json.loads(body)["errors"][0]["code"] == code


@pytest.fixture
def bounded(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """The port of a registry whose bounds are soon reached, and the digest of a large blob."""
    store = BlobStore(tmp_path / "blobs")
    blob = store.add(b"x" * (8 << 20))
    with serving(store, tmp_path / "references.json", BOUNDS) as server:
        yield server.server_port, blob.digest


def opened(stack: ExitStack, port: int, *, own: str = "127.0.0.1") -> socket.socket:
    return stack.enter_context(
        socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(own, 0))
    )


def read_to_the_end(connection: socket.socket) -> bytes:
    """What comes until the connection ends; a client that is held for ever would time out."""
    read = bytearray()
    try:
        while chunk := connection.recv(1 << 16):
            read += chunk
    except ConnectionResetError:
        pass
    return bytes(read)


PING = b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "start", [b"", b"GET /v2/ HTTP/1.1\r\nX: ", PING], ids=["nothing", "half a head", "idle"]
)
def test_a_connection_that_asks_for_nothing_ends(bounded, start: bytes) -> None:
    with ExitStack() as stack:
        connection = opened(stack, bounded[0])
        connection.sendall(start)
        assert read_to_the_end(connection).startswith(b"HTTP/1.1 200" if start == PING else b"")


def drip(connection: socket.socket) -> None:
    """Send one byte after the other, until the connection ends."""
    for _ in range(200):
        connection.sendall(b"x")
        with suppress(TimeoutError):
            if connection.recv(1) == b"":
                raise ConnectionResetError


def test_a_head_that_comes_byte_by_byte_ends_too(bounded) -> None:
    with ExitStack() as stack:
        connection = opened(stack, bounded[0])
        connection.settimeout(0.05)
        with pytest.raises(ConnectionError):
            drip(connection)


def test_a_head_has_an_end(bounded) -> None:
    with ExitStack() as stack:
        connection = opened(stack, bounded[0])
        with suppress(ConnectionError):
            connection.sendall(b"GET /v2/ HTTP/1.1\r\n" + b"X: " + b"x" * (1 << 20))
        assert read_to_the_end(connection) == b""


def test_a_client_that_reads_nothing_is_not_waited_for(bounded) -> None:
    port, digest = bounded
    with ExitStack() as stack:
        idle = opened(stack, port)
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.sendall(f"GET /v2/a/b/blobs/{digest} HTTP/1.1\r\n\r\n".encode())
        wait_until(threads, what="its thread", timeout=10)
        wait_until(lambda: not threads(), what="the end of its thread", timeout=10)


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if "process_request_thread" in t.name]


def test_those_who_hold_connections_hold_up_nobody(bounded) -> None:
    port, _ = bounded
    with ExitStack() as stack:
        for number in range(100):
            opened(stack, port, own=f"127.0.0.{2 + number % 5}").sendall(b"GET /")
            assert len(threads()) <= BOUNDS.connections + 5  # those that are just ending
        connection = opened(stack, port)
        connection.sendall(PING)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")


def test_a_blob_that_is_no_manifest_is_not_read_as_one(bounded) -> None:
    port, digest = bounded
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    answer, body = ask(connection, f"/v2/a/b/manifests/{digest}")
    assert (answer.status, json.loads(body)["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")
    connection.close()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(bounded, method: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", bounded[0], timeout=5)
    answer, _ = ask(connection, "/v2/a/b/manifests/v1", method)
    assert answer.status == 501
    connection.close()


def test_clients_that_go_away_leave_no_word(bounded, capfd) -> None:
    port, digest = bounded
    with ExitStack() as stack:
        for _ in range(5):
            gone = opened(stack, port)
            gone.sendall(f"GET /v2/a/b/blobs/{digest} HTTP/1.1\r\n\r\n".encode())
            gone.recv(10)
            gone.close()
        wait_until(lambda: not threads(), what="their threads", timeout=10)
    assert capfd.readouterr() == ("", "")
