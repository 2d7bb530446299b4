"""Accepts connections: TLS goes to the server, plain HTTP is sent to https, on the same port."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress

_log = logging.getLogger(__name__)

_TLS_HANDSHAKE = b"\x16"
_PATIENCE = 60.0
_PAUSE = 0.1
_BACKLOG = 128
_LONGEST_HEAD = 65536
_MOVED = {"GET": "301 Moved Permanently", "HEAD": "301 Moved Permanently"}


class Listener:
    """Listens on one bound socket; `serve` makes the protocol of one TLS connection."""

    def __init__(
        self,
        bound: socket.socket,
        context: ssl.SSLContext,
        serve: Callable[[], asyncio.BaseProtocol],
    ) -> None:
        self._bound = bound
        self._context = context
        self._serve = serve
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to accept."""
        self._bound.listen(_BACKLOG)
        self._bound.setblocking(False)  # noqa: FBT003
        self._run(self._accept())

    async def stop(self) -> None:
        """Accept no more; connections that the server has are its own."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._bound.close()

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _address = await loop.sock_accept(self._bound)
            except OSError as error:
                _log.warning("can't accept a connection: %s", error.strerror or error)
                await asyncio.sleep(_PAUSE)
                continue
            self._run(self._admit(connection))

    async def _admit(self, connection: socket.socket) -> None:
        connection.setblocking(False)  # noqa: FBT003
        try:
            async with asyncio.timeout(_PATIENCE):
                first = await _peek(connection)
                if first == _TLS_HANDSHAKE:
                    await asyncio.get_running_loop().connect_accepted_socket(
                        self._serve, connection, ssl=self._context
                    )
                    return
                if first:
                    await _redirect(connection)
        except OSError as error:  # also what TLS refuses, and the timeout
            _log.debug("a connection failed: %s", error)
        except asyncio.CancelledError:
            connection.close()
            raise
        connection.close()


async def _peek(connection: socket.socket) -> bytes:
    """The first byte, which stays; empty when there is none."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    return connection.recv(1, socket.MSG_PEEK)


async def _redirect(connection: socket.socket) -> None:
    """Answer a plain request with where it should go, as pveproxy does."""
    loop = asyncio.get_running_loop()
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _LONGEST_HEAD:
        data = await loop.sock_recv(connection, 4096)
        if not data:
            return
        head += data
    request, *lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    words = request.split(" ")
    if len(words) != 3 or not words[1].startswith("/"):
        return
    headers = {name.strip().lower(): value.strip() for name, _, value in _pairs(lines)}
    address, port = connection.getsockname()[:2]
    host = headers.get("host") or f"{address}:{port}"
    answer = (
        f"HTTP/1.1 {_MOVED.get(words[0], '308 Permanent Redirect')}\r\n"
        f"Location: https://{host}{words[1]}\r\n"
        "Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
    await loop.sock_sendall(connection, answer.encode("latin-1"))
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)


def _pairs(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in lines]
