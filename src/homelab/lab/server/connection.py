"""One connection's HTTP, with what it may send and take bounded in size and time."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from homelab.lab.server.connections import Connections, Place
from homelab.lab.server.limits import Limits

_log = logging.getLogger(__name__)

_HEAD_END = b"\r\n\r\n"
_OF_CLIENTS = (HttpProcessingError, RequestPayloadError, ConnectionError)
"""What goes wrong with a request that is the client's doing alone."""


class Connection(web.RequestHandler):
    """The protocol of one connection, which keeps its place's times."""

    def __init__(
        self,
        server: web.Server,
        place: Place,
        *,
        connections: Connections,
        limits: Limits,
    ) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=limits.idle_seconds,
            lingering_time=limits.discard_seconds,
            max_line_size=limits.line_bytes,
            max_field_size=limits.line_bytes,
            max_headers=limits.headers,
            auto_decompress=False,
        )
        self.place = place
        self._connections = connections
        self._limits = limits
        self._head = 0
        """Bytes of a head that is not complete yet."""
        self._has_head = False
        self._paid = False
        """Whether bytes that come in give more time."""
        self._discarded: int | None = None
        self._waiting: asyncio.Task[object] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self.place.end = transport.abort
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._connections.leave(self.place)
        if self._waiting is not None:
            self._waiting.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._is_bearable(data):
            self.place.end()
            return
        super().data_received(data)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.place.allow(self._limits.write_seconds)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.place.busy:
            self.place.deadline = math.inf
        else:
            self.place.allow(self._limits.idle_seconds)

    def log_exception(self, *args: object, **kw: object) -> None:
        """Say what went wrong; what a client did wrong fills no log."""
        broken = isinstance(kw.get("exc_info"), _OF_CLIENTS)
        _log.log(logging.DEBUG if broken else logging.ERROR, *args, **kw)  # type: ignore[arg-type]

    @contextmanager
    def answering(self, request: web.BaseRequest) -> Iterator[None]:
        """A request is being answered, for which it has all the time."""
        place = self.place
        place.busy, place.deadline = True, math.inf
        self._head, self._has_head = 0, False
        try:
            yield
        finally:
            place.busy, self._paid, self._waiting = False, False, None
            place.since = time.monotonic()
            place.allow(self._limits.idle_seconds)
            if not request.content.is_eof():
                self._discarded = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A body is awaited, which has to come with some speed."""
        self.place.allow(self._limits.body_seconds)
        self._paid = True
        try:
            yield
        finally:
            self._paid = False
            self.place.deadline = math.inf

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Nothing is done for the client yet, nor will be when it goes away."""
        self._waiting = asyncio.current_task()
        try:
            yield
        finally:
            self._waiting = None

    def _is_bearable(self, data: bytes) -> bool:
        """Count what came in; False when that is too much."""
        limits = self._limits
        if self._discarded is not None:
            self._discarded += len(data)
            return self._discarded <= limits.discarded_bytes
        if self._paid:
            self.place.deadline += len(data) / limits.body_rate
        elif not self.place.busy and not self._has_head:
            if not self._head:
                self.place.allow(limits.head_seconds)
            self._head += len(data)
            self._has_head = _HEAD_END in data
            return self._has_head or self._head <= limits.head_bytes
        return True
