"""Requests over HTTP, against a small server on the loopback address."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from homelab.errors import ApiError, ConfigurationError, UnreachableError
from homelab.provider.connection import Connection, Credentials

TOKEN = Credentials(token_id="root@pam!ci", token_secret="s")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests: ClassVar[list[tuple[str, str, str, dict[str, str]]]] = []
    sockets: ClassVar[set[Any]] = set()

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        self.requests.append((self.command, self.path, body, dict(self.headers)))
        self.sockets.add(self.client_address)
        path = self.path.removeprefix("/api2/json/")
        if path == "access/ticket":
            ok = "password=right" in body
            data = {"ticket": "PVE:root@pam:1::sig", "CSRFPreventionToken": "1:csrf"}
            return (
                self.reply(200, "OK", {"data": data})
                if ok
                else self.reply(401, "authentication failure", {"data": None})
            )
        if path == "refused":
            errors = {"hostname": "invalid format - value does not look like a valid DNS name\n"}
            return self.reply(
                400,
                "Parameter verification failed.",
                {"data": None, "message": "Parameter verification failed.\n", "errors": errors},
            )
        if path == "text":
            return self.reply(596, "tls_process_server_certificate", None)
        return self.reply(200, "OK", {"data": path})

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def reply(self, status: int, reason: str, document: Any) -> None:
        data = b"oops" if document is None else json.dumps(document).encode()
        self.send_response(status, reason)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Handler.requests.clear()
    Handler.sockets.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api2/json"
        server.shutdown()
        thread.join()


def test_a_token_is_sent_and_a_connection_is_kept(url: str) -> None:
    connection = Connection(url, TOKEN)
    connection.login()
    assert connection.get("version") == "version"
    assert connection.request("POST", "nodes/pve/lxc", {"vmid": 201, "tags": "a;b"})
    connection.close()
    assert len(Handler.sockets) == 1
    _, path, body, headers = Handler.requests[-1]
    assert (path, body) == ("/api2/json/nodes/pve/lxc", "vmid=201&tags=a%3Bb")
    assert headers["Authorization"] == "PVEAPIToken=root@pam!ci=s"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_a_password_becomes_a_ticket(url: str) -> None:
    connection = Connection(url, Credentials(user="root@pam", password="right"))
    connection.login()
    connection.get("version")
    connection.close()
    headers = Handler.requests[-1][3]
    assert headers["Authorization"] == "PVEAuthCookie=PVE:root@pam:1::sig"
    assert headers["CSRFPreventionToken"] == "1:csrf"


def test_a_wrong_password_is_pves_own_text(url: str) -> None:
    connection = Connection(url, Credentials(user="root@pam", password="wrong"))
    with closing(connection), pytest.raises(ApiError, match="401 authentication failure"):
        connection.login()


def test_refused_parameters_are_named(url: str) -> None:
    with closing(Connection(url, TOKEN)) as connection, pytest.raises(ApiError) as caught:
        connection.get("refused")
    assert caught.value.status == 400
    assert "hostname: invalid format - value does not look like a valid DNS name" in str(
        caught.value
    )


def test_the_reason_phrase_serves_where_there_is_no_document(url: str) -> None:
    connection = Connection(url, TOKEN)
    with closing(connection), pytest.raises(ApiError, match="596 tls_process_server_certificate"):
        connection.get("text")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_nothing_there_is_unreachable() -> None:
    connection = Connection(f"http://127.0.0.1:{free_port()}", TOKEN, patience=0)
    with pytest.raises(UnreachableError):
        connection.get("version")


def test_a_restart_of_the_server_is_waited_out() -> None:
    port = free_port()
    server: list[ThreadingHTTPServer] = []

    def start() -> None:
        server.append(ThreadingHTTPServer(("127.0.0.1", port), Handler))
        server[0].handle_request()

    timer = threading.Timer(0.3, start)
    timer.start()
    connection = Connection(f"http://127.0.0.1:{port}", TOKEN, patience=5)
    assert connection.request("POST", "nodes/pve/lxc", {"vmid": 1}) == "nodes/pve/lxc"
    connection.close()
    timer.join()
    server[0].server_close()


@pytest.mark.parametrize("url", ["", "pve:8006", "ftp://pve/", "https://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="no http"):
        Connection(url, TOKEN)


def test_a_ca_file_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"can't read the CA file /nowhere/ca\.pem"):
        Connection("https://pve:8006", TOKEN, ca_file="/nowhere/ca.pem")


def test_no_credentials_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="neither an API token nor"):
        Connection("http://127.0.0.1:1", Credentials()).login()
