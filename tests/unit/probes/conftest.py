"""Containers whose address is the loopback, and servers that answer as services do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from homelab.model.topology import Topology
from homelab.model.values import Container

MakeContainer = Callable[..., Container]


@pytest.fixture
def make_container() -> MakeContainer:
    def make(
        name: str = "plex", *, port: int, status: int = 200, scheme: str = "http"
    ) -> Container:
        return Container.model_validate(
            {
                "name": name,
                "category": "media",
                "vmid": 201,
                "node": "pve",
                "template": "local:vztmpl/x.tar.zst",
                "description": "",
                "cores": 1,
                "memory": 512,
                "swap": 0,
                "rootfs": {"storage": "local-zfs", "size": "8G"},
                "networks": [{"bridge": "vmbr0", "ip": "127.0.0.1/8"}],
                "startup": {"order": 1},
                "service": {
                    "image": "plexinc/pms-docker:1.41.3",
                    "ports": [{"port": port}],
                    "health": {
                        "port": port,
                        "path": "/identity",
                        "status": status,
                        "scheme": scheme,
                    },
                    "slo": 99.9,
                },
            }
        )

    return make


@pytest.fixture
def make_topology() -> Callable[..., Topology]:
    def make(*containers: Container) -> Topology:
        return Topology(networks=(), containers=containers)

    return make


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Service)
        server.paths.append(self.path)
        time.sleep(server.delay)
        status = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(server.body)

    def log_message(self, *args: object) -> None:
        pass


class Service(ThreadingHTTPServer):
    """Answers with `answers` in turn, the last one for ever."""

    daemon_threads = True
    request_queue_size = 64
    answers: list[int]
    body = b"fine"
    delay = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = [200]
        self.paths: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def raw_service() -> Iterator[Callable[[bytes], int]]:
    """Starts a server that answers every connection with the given bytes; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answer = [b""]

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer[0])

        def start(content: bytes) -> int:
            answer[0] = content
            thread.start()
            return int(listener.getsockname()[1])

        thread = threading.Thread(target=serve, daemon=True)
        yield start
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
