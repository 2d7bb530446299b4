"""One HTTP request to a health endpoint, and what came of it.

Redirects are not followed: the endpoint itself has to answer. Certificates are not checked, since
a service's own is seldom issued for its address, and its health is what is asked for.
"""

from __future__ import annotations

import http.client
import ssl
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from homelab.escaping import one_line
from homelab.probes.report import Seen

if TYPE_CHECKING:
    from homelab.model.values import Container

_BODY_HEAD = 120
"""Characters of an unexpected answer that are kept for the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one request saw; `latency` is in seconds."""

    seen: Seen
    latency: float
    status: int | None = None
    detail: str = ""


def attempt(container: Container, *, timeout: float) -> Attempt:
    """Ask the container's health endpoint once, from the calling thread's network."""
    begin = time.monotonic()
    connection = _connection(container, timeout)
    status, seen, detail = None, Seen.ANSWER, ""
    try:
        connection.request("GET", container.service.health.path, headers={"Connection": "close"})
        answer = connection.getresponse()
        status = answer.status
        if status != container.service.health.status:
            detail = _head(answer.read(4 * _BODY_HEAD))
    except TimeoutError:
        seen = Seen.TIMEOUT
    except ConnectionRefusedError:
        seen = Seen.REFUSED
    except (ConnectionError, http.client.RemoteDisconnected):
        seen = Seen.CLOSED
    except ssl.SSLError as error:
        seen, detail = Seen.TLS, str(error.reason or error)
    except OSError as error:
        seen, detail = Seen.UNREACHABLE, error.strerror or str(error)
    except http.client.HTTPException as error:
        seen, detail = Seen.NOT_HTTP, _head(str(error).encode())
    finally:
        connection.close()
    return Attempt(seen=seen, status=status, latency=time.monotonic() - begin, detail=detail)


def _connection(container: Container, timeout: float) -> http.client.HTTPConnection:
    host, health = str(container.address), container.service.health
    if health.scheme == "https":
        return http.client.HTTPSConnection(host, health.port, timeout=timeout, context=_tls())
    return http.client.HTTPConnection(host, health.port, timeout=timeout)


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _head(body: bytes) -> str:
    """The body's beginning on one line."""
    text = one_line(" ".join(body.decode(errors="backslashreplace").split()))
    return text[:_BODY_HEAD] + ("…" if len(text) > _BODY_HEAD else "")
