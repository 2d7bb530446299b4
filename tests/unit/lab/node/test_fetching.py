from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from homelab.lab.failures import ApiFailureError
from homelab.lab.node.fetching import fetch


class _Pages(BaseHTTPRequestHandler):
    """A file, and what leads elsewhere."""

    asked: ClassVar[list[str]] = []
    where: ClassVar[str] = ""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/file?x=1":
            self._say(200, b"x" * 100_000)
        elif self.path == "/there":
            self._say(302, b"", Location=self.where)
        elif self.path == "/again":
            self._say(302, b"", Location="/again")
        elif self.path == "/short":
            self._say(200, b"x" * 10, Content_Length="20")
        elif self.path == "/large":
            self._say(200, b"", Content_Length=str(1 << 60))
        else:
            self._say(404, b"no")

    def _say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    _Pages.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_file_comes_from_this_machine(port: int, tmp_path: Path, host: str) -> None:
    fetch(f"http://{host}:{port}/file?x=1", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"x" * 100_000


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/x",
        "http://127.0.0.2:{port}/file",
        "http://127.1:{port}/file",
        "http://2130706433:{port}/file",
        "http://0x7f000001:{port}/file",
        "http://0177.0.0.1:{port}/file",
        "http://0.0.0.0:{port}/file",
        "http://0:{port}/file",
        "http://[::ffff:127.0.0.1]:{port}/file",
        "http://[::]:{port}/file",
        "http://[0:0:0:0:0:0:0:1]:{port}/file",
        "http://localhost.:{port}/file",
        "http://localhost.example.org:{port}/file",
        "http://user:password@127.0.0.1:{port}/file",
        "http://127.0.0.1@192.0.2.1/",
        "http://:{port}/file",
        "http://127.0.0.1:99999/file",
        "http://[/file",
        "file:///etc/passwd",
        "ftp://127.0.0.1/file",
        "gopher://127.0.0.1/",
        "//127.0.0.1/",
    ],
)
@pytest.mark.parametrize("way", ["at once", "by a redirect"])
def test_from_nowhere_else(port: int, tmp_path: Path, url: str, way: str) -> None:
    target = url.format(port=port)
    if way == "by a redirect" and target.startswith("//"):
        target = "//192.0.2.1/"
    _Pages.where = target
    with pytest.raises(ApiFailureError, match="download failed"):
        fetch(target if way == "at once" else f"http://127.0.0.1:{port}/there", tmp_path / "file")
    assert _Pages.asked == ([] if way == "at once" else ["/there"])
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/none", "HTTP Error 404"),
        ("/again", "too many redirects"),
        ("/short", "too early|IncompleteRead"),
        ("/large", "no room"),
        ("/a b", "control characters"),
        ("/a\r\nX: y", "control characters|HTTP Error 404"),
    ],
)
def test_what_goes_wrong_is_said(port: int, tmp_path: Path, path: str, why: str) -> None:
    with pytest.raises(ApiFailureError, match=why):
        fetch(f"http://127.0.0.1:{port}{path}", tmp_path / "file")


def test_more_than_there_is_room_for_does_not_come_in(port: int, tmp_path: Path) -> None:
    with pytest.raises(ApiFailureError, match="no room"):
        fetch(f"http://127.0.0.1:{port}/file?x=1", tmp_path / "file", most=99_999)


def test_it_has_to_come_in_time(port: int, tmp_path: Path) -> None:
    with pytest.raises(ApiFailureError, match="too long"):
        fetch(f"http://127.0.0.1:{port}/file?x=1", tmp_path / "file", seconds=-1)


def test_who_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(ApiFailureError, match="timed out"):
            fetch(url, tmp_path / "file", silence=0.05)
