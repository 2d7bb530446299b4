"""Files that the node fetches itself, and from where it may."""

from __future__ import annotations

import http.client
import shutil
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from homelab.lab.failures import ApiFailureError

_HOSTS = {
    "127.0.0.1": ("127.0.0.1",),
    "::1": ("::1",),
    "localhost": ("127.0.0.1", "::1"),
}
"""The only hosts, by the only names they have here, and their addresses: no name is looked up, so
that none can come to mean another address, and no other spelling of these is one of them."""
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = 5
_REDIRECTED = frozenset({301, 302, 303, 307, 308})
_CHUNK = 1 << 18
_SILENCE = 30.0
_WHOLE = 3600.0
_MOST = 16 << 30
_SPARE = 256 << 20


def fetch(
    url: str,
    path: Path,
    *,
    most: int = _MOST,
    silence: float = _SILENCE,
    seconds: float = _WHOLE,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Fetch a file from this machine's loopback, over HTTP or HTTPS, and from nowhere else.

    The lab sends no packets to any other machine. What listens on the loopback may be meant for the
    one whose machine it is, so who asks for it needs the right to use the node's network besides
    that to the storage (the caller checks it). No credentials are sent, and where a redirect leads
    is judged like the first address. `most` bytes come in, no more than the disk has room for, none
    later than `silence` seconds after another and all within `seconds`.

    Raises:
        ApiFailureError: that is not allowed, or failed.
    """
    end = clock() + seconds
    most = min(most, shutil.disk_usage(path.parent).free - _SPARE)
    try:
        for _ in range(_REDIRECTS + 1):
            connection = _connection(url, silence)
            try:
                target = urlsplit(url)
                connection.request("GET", _resource(target), headers={"Host": target.netloc})
                answer = connection.getresponse()
                where = answer.headers.get("Location")
                if answer.status not in _REDIRECTED or where is None:
                    _store(answer, path, most=most, is_over=lambda: clock() > end)
                    return
            finally:
                connection.close()
            url = urljoin(url, where)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ApiFailureError(f"download failed: {error}") from error
    raise ApiFailureError("download failed: too many redirects")


def _connection(url: str, silence: float) -> http.client.HTTPConnection:
    target = urlsplit(url)
    port, host = _PORTS.get(target.scheme), target.hostname or ""
    if port is None:
        raise ApiFailureError(f"download failed: can't fetch '{target.scheme}'")
    if host not in _HOSTS or "@" in target.netloc:
        raise ApiFailureError("download failed: the lab reaches no network but this machine")
    port = target.port or port
    raw = _opened(_HOSTS[host], port, silence)
    connection = http.client.HTTPConnection(host, port)
    if target.scheme == "https":
        try:
            raw = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
        except OSError:
            raw.close()
            raise
    connection.sock = raw
    return connection


def _opened(addresses: tuple[str, ...], port: int, silence: float) -> socket.socket:
    """A connection to the first of the addresses where something listens."""
    *others, last = addresses
    for address in others:
        try:
            return socket.create_connection((address, port), timeout=silence)
        except ConnectionRefusedError:
            continue
    return socket.create_connection((last, port), timeout=silence)


def _resource(target: SplitResult) -> str:
    return (target.path or "/") + (f"?{target.query}" if target.query else "")


def _store(
    answer: http.client.HTTPResponse, path: Path, *, most: int, is_over: Callable[[], bool]
) -> None:
    if answer.status != http.HTTPStatus.OK:
        raise ApiFailureError(f"download failed: HTTP Error {answer.status}: {answer.reason}")
    if (answer.length or 0) > most:
        raise ApiFailureError(f"download failed: no room for a file of {answer.length} bytes")
    size = 0
    with path.open("xb") as file:
        while chunk := answer.read1(_CHUNK):
            size += len(chunk)
            if size > most:
                raise ApiFailureError(f"download failed: no room for more than {most} bytes")
            if is_over():
                raise ApiFailureError("download failed: it took too long")
            file.write(chunk)
    if answer.length:
        raise ApiFailureError("download failed: it ended too early")
