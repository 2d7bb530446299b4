"""The lab's image registry: read-only, plain HTTP, the part of the OCI API that a pull needs.

Run as `python -m homelab.lab.registry.server ADDRESS PORT BLOBS REFERENCES`. It imports nothing
but the standard library, since it lives as long as the node and its memory counts.
"""

from __future__ import annotations

import json
import os
import re
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_ROUTE = re.compile(
    r"/v2/(?P<name>[a-z0-9._/-]+)/(?P<kind>manifests|blobs)/(?P<reference>[\w.:-]+)"
)
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
"""What a manifest is that does not say it (OCI image specification)."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Registry(ThreadingHTTPServer):
    """Serves the blobs of a directory, and the tags of a references file."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], blobs: Path, references: Path) -> None:
        self.blobs = blobs
        self._references = references
        super().__init__(address, _Handler)

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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Registry

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _answer(self, *, body: bool) -> None:
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
            content = path.read_bytes()
            media_type = str(json.loads(content).get("mediaType", _MANIFEST))
            self._send(HTTPStatus.OK, content, media_type, digest=digest, body=body)
        else:
            self._send_file(path, digest, body=body)

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
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(size))
            self.send_header("Docker-Content-Digest", digest)
            self.end_headers()
            if body:
                self.wfile.flush()
                try:
                    self.connection.sendfile(stream)
                except ConnectionError:
                    self.close_connection = True


def main(argv: list[str]) -> None:
    """Serve until the process is ended."""
    address, port, blobs, references = argv
    with Registry((address, int(port)), Path(blobs), Path(references)) as registry:
        registry.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
