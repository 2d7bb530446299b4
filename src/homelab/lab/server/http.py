"""The HTTPS server: requests to the dispatcher, replies with PVE's reason phrase."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from aiohttp import web

from homelab.lab.access.tickets import Caller
from homelab.lab.api.dispatch import Dispatcher, Reply, Request, failure
from homelab.lab.failures import ApiFailureError
from homelab.lab.server.connection import Connection
from homelab.lab.server.connections import Connections, Place
from homelab.lab.server.limits import Limits
from homelab.lab.server.listener import Listener
from homelab.lab.server.request_log import RequestLog
from homelab.lab.server.turns import Turns
from homelab.lab.server.uploads import Uploads, receive

_SHUTDOWN = 5.0


class Server:
    """Listens on sockets that are bound already."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        sockets: Sequence[socket.socket],
        context: ssl.SSLContext,
        *,
        uploads: Path,
        limits: Limits = Limits(),  # noqa: B008  (frozen)
        log: RequestLog | None = None,
    ) -> None:
        """What clients may hold is bounded by `limits`.

        Files that come in are put into `uploads` until they are dealt with; requests are noted in
        `log`.
        """
        self._dispatcher = dispatcher
        self._sockets = tuple(sockets)
        self._context = context
        self._uploads = Uploads(uploads, limits)
        self._limits = limits
        self._log = log
        self._connections = Connections(limits)
        self._turns = Turns(limits.threads, strangers=limits.logins)
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="request")
        self._runner: web.ServerRunner | None = None
        self._listeners: list[Listener] = []
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        server = web.Server(self._handle)
        self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN)
        await self._runner.setup()

        def serve(place: Place) -> Connection:
            return Connection(server, place, connections=self._connections, limits=self._limits)

        self._listeners = [
            Listener(
                bound,
                self._context,
                serve,
                connections=self._connections,
                patience=self._limits.handshake_seconds,
            )
            for bound in self._sockets
        ]
        self._watch = asyncio.get_running_loop().create_task(self._connections.watch())
        for listener in self._listeners:
            listener.start()

    async def stop(self) -> None:
        """Stop to answer; requests under way are finished."""
        for listener in self._listeners:
            await listener.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._watch is not None:
            self._watch.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = cast("Connection", request.protocol)  # as `start` makes them
        with connection.answering(request):
            return await self._respond(request, connection)

    async def _respond(
        self, request: web.BaseRequest, connection: Connection
    ) -> web.StreamResponse:
        if not request.secure:
            return _moved(request)
        begin = time.monotonic()
        incoming = _head(request, self._uploads, peer=connection.place.address)
        reply = await self._reply(request, connection, incoming)
        if self._log is not None:
            self._log.add(
                request.method,
                incoming.path,
                status=reply.status,
                reason=reply.reason,
                agent=incoming.headers.get("User-Agent", ""),
                seconds=time.monotonic() - begin,
            )
        if reply.status == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if reply.status == 401:
            with connection.waiting():
                await asyncio.sleep(begin + self._limits.failure_seconds - time.monotonic())
        return _response(reply)

    async def _reply(
        self, request: web.BaseRequest, connection: Connection, head: Request
    ) -> Reply:
        """Ask the dispatcher; the body is read when the head has been found good."""
        dispatcher, place = self._dispatcher, connection.place
        has_body = request.body_exists and not head.chunked
        if place.user is not None and not has_body and dispatcher.is_quick(head):
            return dispatcher.dispatch(head)
        caller = dispatcher.admit(head)
        if isinstance(caller, Reply):
            return caller
        if caller.user:
            self._connections.know(place, caller.user)
        if not has_body:
            if dispatcher.is_quick(head):
                return dispatcher.dispatch(head)
            return await self._dispatch(connection, caller, replace(head, upload=None))
        with ExitStack() as stack:
            try:
                if head.upload is not None:
                    stack.enter_context(self._uploads.room(head.upload, request.content_length))
                with connection.reading():
                    incoming = await self._with_body(request, head, caller)
            except ApiFailureError as error:
                return failure(error.status, error.message)
            return await self._dispatch(connection, caller, incoming)

    async def _with_body(self, request: web.BaseRequest, head: Request, caller: Caller) -> Request:
        if head.upload is not None:
            body, has_file = await receive(request, head.upload)
            headers = {**head.headers, "Content-Type": "application/x-www-form-urlencoded"}
            return replace(
                head, body=body, headers=headers, upload=head.upload if has_file else None
            )
        limits = self._limits
        most = limits.body_bytes if caller.user else limits.stranger_body_bytes
        if (request.content_length or 0) > most:
            raise ApiFailureError("for data too large", status=501)
        chunks = []
        while chunk := await request.content.readany():
            chunks.append(chunk)
        return replace(head, body=b"".join(chunks))

    async def _dispatch(self, connection: Connection, caller: Caller, incoming: Request) -> Reply:
        """Have a request answered on a thread, in its user's turn."""
        async with AsyncExitStack() as stack:
            with connection.waiting():
                await stack.enter_async_context(self._turns.turn(caller.user))
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._dispatcher.dispatch, incoming)


def _head(request: web.BaseRequest, uploads: Uploads, *, peer: str) -> Request:
    """A request without its body."""
    path, query = _target(request.raw_path)
    headers: Mapping[str, str] = request.headers
    has_file = headers.get("Content-Type", "").startswith("multipart/form-data")
    return Request(
        method=request.method,
        path=path,
        query=query,
        headers=headers,
        cookies=_cookies(headers.get("Cookie", "")),
        upload=uploads.new_path() if has_file else None,
        chunked="chunked" in headers.get("Transfer-Encoding", "").lower(),
        peer=peer,
    )


def _target(raw: str) -> tuple[str, str]:
    """Path and query; bytes that are no text are shown as such."""
    if not raw.isascii():
        raw = raw.encode(errors="surrogateescape").decode(errors="replace")
    if raw.startswith("/"):
        path, _, query = raw.partition("#")[0].partition("?")
        return path, query
    try:
        target = urlsplit(raw)
    except ValueError:
        return raw, ""
    return target.path, target.query


def _moved(request: web.BaseRequest) -> web.Response:
    """Where a plain request should go, as pveproxy says it."""
    response = web.Response(
        status=301 if request.method in {"GET", "HEAD"} else 308,
        headers={"Location": f"https://{request.host}{request.raw_path}"},
    )
    response.force_close()
    return response


def _response(reply: Reply) -> web.Response:
    response = web.Response(
        status=reply.status,
        reason=re.sub(r"[^\x20-\x7e]", "?", reply.reason),
        body=reply.body,
        headers={
            "Content-Type": "application/json;charset=UTF-8",
            "Cache-Control": "max-age=0",
            "Pragma": "no-cache",
            "Server": "pve-api-daemon/3.0",
        },
    )
    if reply.status >= 400:
        response.force_close()
    return response


def _cookies(header: str) -> dict[str, str]:
    """The cookies; values are taken as they are, since a ticket holds `:`, `@` and `=`."""
    found: dict[str, str] = {}
    for part in header.split(";"):
        name, separator, value = part.strip().partition("=")
        if separator:
            found[name] = value
    return found
