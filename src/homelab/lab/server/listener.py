"""Listening on one port, for connections that speak TLS and for those that speak plain HTTP."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
import time
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable, Coroutine
from typing import TypedDict

from homelab.errors import ConfigurationError
from homelab.lab.server.connections import Connections, Place

_log = logging.getLogger(__name__)

_TLS_HANDSHAKE = b"\x16"
_FAREWELL = 5.0
"""Seconds that a client has to agree to the end of a connection."""
_PAUSE = 0.1
_BACKLOG = 128
_BIND_ATTEMPTS = 6
_NONSENSE = 65536
_TLS_BUFFER = 32768
"""What asyncio sets aside for each connection, instead of 256 KiB: a record has 16 KiB at most."""


def bind(listen: str) -> socket.socket:
    """A socket on `ADDRESS:PORT` that does not listen yet.

    Raises:
        ConfigurationError: the port is in use, or the address is wrong.
    """
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigurationError(
            f"{listen!r} is no address to listen on", hint="write it as 127.0.0.1:8006"
        )
    try:
        return _bound(host, int(port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"port {port} of {host} is in use",
                hint=f"choose another one with --listen {host}:PORT (0 finds a free one)",
            ) from error
        raise ConfigurationError(
            f"can't listen on {listen}: {error.strerror or error}",
            hint="choose another address with --listen ADDRESS:PORT",
        ) from error


def _bound(host: str, port: int) -> socket.socket:
    """Bind; a port that a killed server is about to let go of is waited for."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    for attempt in range(_BIND_ATTEMPTS):
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError as error:
            bound.close()
            if error.errno != errno.EADDRINUSE or attempt == _BIND_ATTEMPTS - 1:
                raise
            time.sleep(0.05)
        else:
            return bound
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


class _Tls(TypedDict, total=False):
    ssl: ssl.SSLContext
    ssl_handshake_timeout: float
    ssl_shutdown_timeout: float


class Listener:
    """Listens on one bound socket; `serve` makes the protocol of one connection."""

    def __init__(
        self,
        bound: socket.socket,
        context: ssl.SSLContext,
        serve: Callable[[Place], asyncio.BaseProtocol],
        *,
        connections: Connections,
        patience: float,
    ) -> None:
        """A connection that has no place among `connections` is closed.

        The first byte and the handshake may take `patience` seconds.
        """
        self._bound = bound
        self._context = context
        self._serve = serve
        self._connections = connections
        self._patience = patience
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        SSLProtocol.max_size = _TLS_BUFFER
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

    def _run(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(self._bound)
            except OSError as error:
                _log.warning("can't accept a connection: %s", error.strerror or error)
                await asyncio.sleep(_PAUSE)
                continue
            place = self._connections.enter(str(address[0]), end=connection.close)
            if place is None:
                connection.close()
            else:
                place.end = self._run(self._admit(connection, place)).cancel
            await asyncio.sleep(0)  # those who are there have their turn, however many come

    async def _admit(self, connection: socket.socket, place: Place) -> None:
        connection.setblocking(False)  # noqa: FBT003
        try:
            async with asyncio.timeout(self._patience):
                first = await _peek(connection)
                if first == _TLS_HANDSHAKE or first.isupper():  # as every HTTP method is
                    await asyncio.get_running_loop().connect_accepted_socket(
                        lambda: self._serve(place),
                        connection,
                        **(self._tls() if first == _TLS_HANDSHAKE else _Tls()),
                    )
                    return
                # Closed with something unread, a connection would end in a reset.
                await asyncio.get_running_loop().sock_recv(connection, _NONSENSE)
        except OSError as error:  # also what TLS refuses, and the timeout
            _log.debug("a connection failed: %s", error)
        except asyncio.CancelledError:
            self._connections.leave(place)
            connection.close()
            raise
        self._connections.leave(place)
        connection.close()

    def _tls(self) -> _Tls:
        return {
            "ssl": self._context,
            "ssl_handshake_timeout": self._patience,
            "ssl_shutdown_timeout": _FAREWELL,
        }


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
