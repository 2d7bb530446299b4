"""The lab's image registry: read-only, plain HTTP, the part of the OCI API that a pull needs.

Every guest may ask, also one that means harm, so what one holds is bounded: `Bounds` says by what.
A thread of a connection takes about 100 KiB, so that all of them stay below 30 MiB and 300
descriptors. A range that is asked for is ignored, as HTTP allows: the whole is sent.

Run as `python -m homelab.lab.registry.server ADDRESS PORT BLOBS REFERENCES`. It imports nothing
but the standard library, since it lives as long as the node and its memory counts.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from typing import Any

_ROUTE = re.compile(
    r"/v2/(?P<name>[a-z0-9._/-]+)/(?P<kind>manifests|blobs)/(?P<reference>[\w.:-]+)"
)
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
"""What a manifest is that does not say it (OCI image specification)."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST_HEAD = 16 << 10
_LONGEST_MANIFEST = 4 << 20
"""As the OCI distribution specification suggests; a blob that is no manifest is not read whole."""


@dataclass(frozen=True)
class Bounds:
    """What the clients may hold; times in seconds."""

    connections: int = 256
    of_one_address: int = 24
    head_seconds: float = 30.0
    """Until a request is there, from the connection or the reply before it."""
    send_seconds: float = 60.0
    """As long as a client may read nothing."""
    send_rate: int = 16 << 10
    """Bytes in a second that it has to read of a blob, on average."""
    sweep_seconds: float = 1.0


@dataclass
class _Place:
    address: str
    deadline: float
    idle: bool = True
    """Whether it has no request that is being answered."""


class Registry(ThreadingHTTPServer):
    """Serves the blobs of a directory, and the tags of a references file."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        blobs: Path,
        references: Path,
        *,
        bounds: Bounds = Bounds(),
    ) -> None:
        self.blobs = blobs
        self.bounds = bounds
        self._references = references
        self._guard = threading.Lock()
        self._places: dict[socket.socket, _Place] = {}
        """In the order in which they came."""
        self._of_address: Counter[str] = Counter()
        self._swept = 0.0
        super().__init__(address, _Handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is a place for a new connection, or one that was idle gives way to it."""
        address, bounds = str(client_address[0]), self.bounds
        with self._guard:
            if self._of_address[address] >= bounds.of_one_address:
                if not self._end_first(lambda place: place.idle and place.address == address):
                    return False
            elif len(self._places) >= bounds.connections:
                most = self._of_address.most_common(1)[0][0]
                if not self._end_first(lambda place: place.idle):
                    self._end_first(lambda place: place.address == most)
            deadline = time.monotonic() + bounds.head_seconds
            self._places[request] = _Place(address=address, deadline=deadline)
            self._of_address[address] += 1
        return True

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._leave(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: what fails here is a client that went away, and its log has no end."""

    def allow(self, request: socket.socket, seconds: float, *, idle: bool = False) -> None:
        """Let a connection go on for so long, and no longer; `idle` without a request."""
        with self._guard:
            place = self._places.get(request)
            if place is not None:
                place.deadline, place.idle = time.monotonic() + seconds, idle

    def service_actions(self) -> None:
        """End what is over its time; called every half second, and for each connection."""
        now = time.monotonic()
        if now - self._swept < self.bounds.sweep_seconds:
            return
        self._swept = now
        with self._guard:
            while self._end_first(lambda place: place.deadline < now):
                pass

    def _end_first(self, which: Callable[[_Place], bool]) -> bool:
        """End the oldest such connection; its thread wakes up and closes it."""
        request = next((key for key, place in self._places.items() if which(place)), None)
        if request is None:
            return False
        self._leave(request)
        with suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)
        return True

    def _leave(self, request: socket.socket) -> None:
        place = self._places.pop(request, None)
        if place is not None:
            self._of_address[place.address] -= 1
            if not self._of_address[place.address]:
                del self._of_address[place.address]

    def digest_of(self, name: str, reference: str) -> str | None:
        """The digest that a tag stands for; the file is read anew for each request."""
        if _DIGEST.fullmatch(reference):
            return reference
        try:
            known = json.loads(self._references.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        digest = known.get(f"{name}:{reference}")
        return digest if isinstance(digest, str) else None


class _Head:
    """Lines of a request's head, no more of them than it may have."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream = stream
        self.left = _LONGEST_HEAD

    def readline(self, size: int) -> bytes:
        """A line.

        Raises:
            ConnectionAbortedError: the head is too long.
        """
        if self.left <= 0:
            raise ConnectionAbortedError("the head is too long")
        line = self._stream.readline(min(size, self.left))
        self.left -= len(line)
        return line

    def close(self) -> None:
        self._stream.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Registry

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.bounds.send_seconds)
        self._head = self.rfile = _Head(self.rfile)  # type: ignore[assignment]

    def handle_one_request(self) -> None:
        self._head.left = _LONGEST_HEAD
        self.server.allow(self.connection, self.server.bounds.head_seconds, idle=True)
        super().handle_one_request()

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _answer(self, *, body: bool) -> None:
        self.server.allow(self.connection, self.server.bounds.send_seconds)
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # its body is no request
        if self.path in {"/v2", "/v2/"}:
            self._send(HTTPStatus.OK, b"{}", "application/json", body=body)
            return
        match = _ROUTE.fullmatch(self.path)
        if match is None:
            self._fail("UNSUPPORTED", "no such endpoint", body=body)
            return
        digest = self.server.digest_of(match["name"], match["reference"])
        if digest is None or not _DIGEST.fullmatch(digest):
            self._fail("MANIFEST_UNKNOWN", f"{match['name']}:{match['reference']}", body=body)
            return
        path = self.server.blobs / digest.removeprefix("sha256:")
        if not path.is_file():
            self._fail("BLOB_UNKNOWN", digest, body=body)
        elif match["kind"] == "manifests":
            self._send_manifest(path, digest, body=body)
        else:
            self._send_file(path, digest, body=body)

    def _send_manifest(self, path: Path, digest: str, *, body: bool) -> None:
        content = path.read_bytes() if path.stat().st_size <= _LONGEST_MANIFEST else b""
        try:
            media_type = str(json.loads(content).get("mediaType", _MANIFEST))
        except (ValueError, AttributeError, RecursionError):  # some other blob
            self._fail("MANIFEST_UNKNOWN", digest, body=body)
            return
        self._send(HTTPStatus.OK, content, media_type, digest=digest, body=body)

    def _send(
        self,
        status: HTTPStatus,
        content: bytes,
        media_type: str,
        *,
        digest: str | None = None,
        body: bool,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if digest is not None:
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _fail(self, code: str, message: str, *, body: bool) -> None:
        content = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self._send(HTTPStatus.NOT_FOUND, content, "application/json", body=body)

    def _send_file(self, path: Path, digest: str, *, body: bool) -> None:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            bounds = self.server.bounds
            self.server.allow(self.connection, bounds.send_seconds + size / bounds.send_rate)
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(size))
            self.send_header("Docker-Content-Digest", digest)
            self.end_headers()
            if body:
                self.wfile.flush()
                try:
                    self.connection.sendfile(stream)
                except OSError:  # it went away, or reads nothing
                    self.close_connection = True


def main(argv: list[str]) -> None:
    """Serve until the process is ended."""
    address, port, blobs, references = argv
    with Registry((address, int(port)), Path(blobs), Path(references)) as registry:
        registry.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
