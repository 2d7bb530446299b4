from __future__ import annotations

import socket
from contextlib import ExitStack

import requests
from memory_lab import client_of

from homelab.lab import Lab


def test_plain_http_is_sent_to_https(shared: Lab) -> None:
    info = shared.info()
    url = f"{info.api_url.replace('https', 'http')}/version?x=1"
    for method, status in (("GET", 301), ("HEAD", 301), ("POST", 308)):
        answer = requests.request(method, url, allow_redirects=False, timeout=10)
        assert answer.status_code == status
        assert answer.headers["Location"] == f"{info.api_url}/version?x=1"
    login = {"username": info.user, "password": info.password}
    plain = f"{info.api_url.replace('https', 'http')}/access/ticket"
    assert requests.post(plain, data=login, verify=info.ca_file, timeout=10).status_code == 200


def test_connections_that_say_nothing_or_nonsense_hold_up_no_one(shared: Lab) -> None:
    info = shared.info()
    host, port = info.api_url.split("/")[2].split(":")
    with ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
            for _ in range(20)
        ]
        silent[0].sendall(b"nonsense\r\n\r\n")
        silent[1].sendall(b"\x16 no handshake at all, but long enough to be read as one")
        assert client_of(info).version.get()["release"]
        assert silent[0].recv(100) == b""
    assert client_of(info).version.get()["release"]
