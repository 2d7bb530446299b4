"""Asking one URL as often as it is answered, over a few connections that are kept open."""

from __future__ import annotations

import asyncio
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECTIONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came back."""

    rate: float
    """Replies per second."""
    size: float
    """Bytes per reply with its headers."""
    latency: float
    """Seconds from request to reply, on average."""


def timed(ask: Callable[[], object]) -> float:
    """Seconds that one question takes."""
    begin = time.perf_counter()
    ask()
    return time.perf_counter() - begin


def generator() -> str:
    """What asks: wrk, which is written in C, or where it is not installed this file."""
    return "wrk" if shutil.which("wrk") else "asyncio"


def load(
    url: str, headers: Mapping[str, str], *, seconds: float, connections: int = CONNECTIONS
) -> Load:
    """Ask for some seconds.

    Raises:
        RuntimeError: something else than 200 was answered.
    """
    if generator() == "wrk":
        return _wrk(url, headers, seconds, connections)
    return asyncio.run(_asyncio(url, headers, seconds, connections))


def _wrk(url: str, headers: Mapping[str, str], seconds: float, connections: int) -> Load:
    words = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = ("wrk", "-t1", f"-c{connections}", f"-d{max(round(seconds), 1)}s", *words, url)
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", text)
    if failed:
        raise RuntimeError(f"{url}: {failed[0]}")
    count, read = re.search(r"(\d+) requests in [\d.]+m?s, ([\d.]+\w+) read", text).groups()
    latency = re.search(r"Latency\s+([\d.]+)(us|ms|s)", text)
    unit = {"us": 1e-6, "ms": 1e-3, "s": 1.0}[latency[2]]
    return Load(
        rate=float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        size=_bytes(read) / max(int(count), 1),
        latency=float(latency[1]) * unit,
    )


def _bytes(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()
    return float(number) * {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}[unit]


async def _asyncio(url: str, headers: Mapping[str, str], seconds: float, connections: int) -> Load:
    target = urlsplit(url)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    path = target.path + (f"?{target.query}" if target.query else "")
    lines = [f"GET {path} HTTP/1.1", f"Host: {target.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    begin = time.perf_counter()
    end = begin + seconds

    async def one() -> tuple[int, int]:
        reader, writer = await asyncio.open_connection(
            target.hostname, target.port, ssl=context, limit=1 << 22
        )
        count = size = 0
        while time.perf_counter() < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{url}: {head.splitlines()[0]!r}")
            length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
            await reader.readexactly(length)
            count += 1
            size += len(head) + length
        writer.close()
        return count, size

    found = await asyncio.gather(*(one() for _ in range(connections)))
    took = time.perf_counter() - begin
    count = sum(number for number, _ in found)
    return Load(
        rate=count / took,
        size=sum(size for _, size in found) / max(count, 1),
        latency=took * connections / max(count, 1),
    )
