"""A server of the memory runtime as a process of its own, with limits of its own, and raw clients."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homelab.lab.runtime import RuntimeKind
from homelab.lab.server.assembly import serve
from homelab.lab.server.info import LabInfo
from homelab.lab.server.limits import Limits
from homelab.lab.server.options import ServeOptions

HALF_TLS = b"\x16\x03\x01\x02\x00\x01"
"""The beginning of a handshake that never ends."""


@dataclass(frozen=True)
class BoundedServer:
    """A server that answers, seen from outside."""

    pid: int
    info: LabInfo
    state: Path
    context: ssl.SSLContext

    @property
    def port(self) -> int:
        return int(self.info.api_url.split(":")[2].split("/")[0])

    @property
    def token(self) -> str:
        return f"PVEAPIToken={self.info.token_id}={self.info.token_secret}"

    def connect(self, *, own: str = "127.0.0.1", tls: bool = True) -> socket.socket:
        """A connection from one of this machine's addresses."""
        raw = socket.create_connection(
            ("127.0.0.1", self.port), timeout=10, source_address=(own, 0)
        )
        try:
            return self.context.wrap_socket(raw, server_hostname="127.0.0.1") if tls else raw
        except BaseException:
            raw.close()
            raise

    def ask(self, request: bytes, *, own: str = "127.0.0.1") -> bytes:
        """All that comes back for one request, on a connection of its own."""
        with self.connect(own=own) as connection:
            connection.sendall(request)
            return read_all(connection)

    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    def threads(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.pid}/task").iterdir())

    def memory(self) -> int:
        """Resident bytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
        raise AssertionError("the server is gone")

    def incoming(self) -> list[Path]:
        """Files that came in, or are about to."""
        return [path for path in self.state.rglob("pveupload-*") if path.is_file()]


def head(method: str, path: str, **headers: str | int) -> bytes:
    """A request's head; underscores stand for dashes."""
    lines = [f"{method} /api2/json{path} HTTP/1.1", "Host: x"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side ends; times out where it does not."""
    read = bytearray()
    try:
        while chunk := connection.recv(1 << 16):
            read += chunk
    except (ConnectionError, ssl.SSLError):
        pass
    return bytes(read)


@contextmanager
def bounded_server(state: Path, **limits: float) -> Iterator[BoundedServer]:
    """A server whose limits are other ones; killed at the end."""
    command = (sys.executable, __file__, str(state), json.dumps(limits))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"ready\n"
            info = LabInfo.load(state)
            assert info is not None
            context = ssl.create_default_context(cafile=info.ca_file)
            yield BoundedServer(pid=process.pid, info=info, state=state, context=context)
        finally:
            process.kill()


def main(state: str, limits: str) -> None:
    """Serve until killed."""
    options = ServeOptions(
        state=Path(state),
        cache=Path(state) / "cache",
        runtime=RuntimeKind.MEMORY,
        listen="127.0.0.1:0",
    )
    numbers: dict[str, Any] = json.loads(limits)
    serve(options, on_ready=lambda _info: _say("ready"), limits=Limits(**numbers))


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
