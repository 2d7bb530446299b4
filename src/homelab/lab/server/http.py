"""The HTTPS server: requests to the dispatcher, replies with PVE's reason phrase."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from homelab.lab.api.dispatch import Dispatcher, Reply, Request
from homelab.lab.server.listener import Listener
from homelab.lab.server.request_log import RequestLog
from homelab.lab.server.uploads import receive

_log = logging.getLogger(__name__)

_WORKERS = 32
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
        failure_delay: float = 3.0,
        log: RequestLog | None = None,
    ) -> None:
        """`failure_delay` is how long a failed login waits for its reply, in seconds.

        Files that come in are put into `uploads` until they are dealt with; requests are noted in
        `log`.
        """
        self._dispatcher = dispatcher
        self._sockets = tuple(sockets)
        self._context = context
        uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._uploads = uploads
        self._delay = failure_delay
        self._log = log
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="request")
        self._runner: web.ServerRunner | None = None
        self._listeners: list[Listener] = []

    async def start(self) -> None:
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN)
        await self._runner.setup()
        self._listeners = [Listener(bound, self._context, server) for bound in self._sockets]
        for listener in self._listeners:
            listener.start()

    async def stop(self) -> None:
        """Stop to answer; requests under way are finished."""
        for listener in self._listeners:
            await listener.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not request.secure:
            return _moved(request)
        begin = time.monotonic()
        target = urlsplit(request.raw_path)
        headers: Mapping[str, str] = request.headers
        upload: Path | None = None
        if headers.get("Content-Type", "").startswith("multipart/form-data"):
            body, upload = await receive(request, self._uploads)
            headers = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        else:
            body = await request.read()
        incoming = Request(
            method=request.method,
            path=target.path,
            query=target.query,
            headers=headers,
            cookies=_cookies(request.headers.get("Cookie", "")),
            body=body,
            upload=upload,
            chunked="chunked" in request.headers.get("Transfer-Encoding", "").lower(),
        )
        dispatch = self._dispatcher.dispatch
        if self._dispatcher.is_quick(incoming):
            reply = dispatch(incoming)
        else:
            loop = asyncio.get_running_loop()
            reply = await loop.run_in_executor(self._pool, dispatch, incoming)
        if self._log is not None:
            self._log.add(
                request.method,
                target.path,
                status=reply.status,
                reason=reply.reason,
                agent=headers.get("User-Agent", ""),
                seconds=time.monotonic() - begin,
            )
        if upload is not None and reply.status != 200:
            upload.unlink(missing_ok=True)
        if reply.status == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if reply.status == 401:
            await asyncio.sleep(self._delay)
        return _response(reply)


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
