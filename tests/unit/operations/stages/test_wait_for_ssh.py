from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address

import pytest

from homelab.operations.stages.wait_for_ssh import UnreachableContainersError, wait_for_ssh

_HERE = IPv4Address("127.0.0.1")


@contextmanager
def _server(*banners: bytes) -> Iterator[int]:
    """Answers one connection after the other with a banner; an empty one only closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for banner in banners:
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(banner)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]


def test_waits_until_the_banner_is_there() -> None:
    answered: list[str] = []

    with _server(b"", b"SSH-2.0-OpenSSH_10.0\r\n") as port:
        wait_for_ssh(
            {"plex": _HERE}, namespace=None, port=port, timeout=10, on_answer=answered.append
        )

    assert answered == ["plex"]


def test_silent_containers_are_named_with_what_was_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(
        UnreachableContainersError, match=r"plex: .*[Cc]onnection refused"
    ) as caught:
        wait_for_ssh({"plex": _HERE}, namespace=None, port=port, timeout=0.2)

    assert set(caught.value.containers) == {"plex"}


def test_no_container_is_no_wait() -> None:
    assert wait_for_ssh({}, namespace=None) < 1
