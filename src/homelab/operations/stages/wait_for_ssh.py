"""Waiting until every container lets people in: its sshd answers with its banner."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from pathlib import Path

from homelab import netns
from homelab.errors import HomelabError, WaitTimeoutError
from homelab.polling import wait_until

TIMEOUT = 120.0
"""Seconds from the start of a container until its sshd has to answer."""

_THREADS = 64


class UnreachableContainersError(HomelabError):
    """Containers run, and nothing lets people in; `containers` says what was seen at each."""

    def __init__(self, containers: Mapping[str, str]) -> None:
        self.containers = dict(containers)
        listing = "".join(f"\n  {name}: {seen}" for name, seen in self.containers.items())
        super().__init__(
            f"ssh does not answer in {len(self.containers)} containers:{listing}",
            hint="look inside with 'homelab lab shell NAME'",
        )


def wait_for_ssh(
    addresses: Mapping[str, IPv4Address],
    *,
    namespace: Path | None,
    timeout: float = TIMEOUT,
    port: int = 22,
    on_answer: Callable[[str], None] | None = None,
) -> float:
    """Wait until the sshd at each address answers; the seconds that it took.

    `addresses` are by container; `on_answer` is called from other threads.

    Raises:
        UnreachableContainersError: names each container that did not answer within `timeout`.
    """
    begin = time.monotonic()
    silent: dict[str, str] = {}

    def wait(name: str) -> None:
        try:
            _wait_for_banner(addresses[name], port, timeout)
        except WaitTimeoutError as error:
            silent[name] = str(error)
        else:
            if on_answer is not None:
                on_answer(name)

    # Threads start in the namespace of the thread that starts them.
    with netns.inside(namespace), ThreadPoolExecutor(min(_THREADS, len(addresses)) or 1) as pool:
        list(pool.map(wait, addresses))
    if silent:
        raise UnreachableContainersError(
            {name: silent[name] for name in addresses if name in silent}
        )
    return time.monotonic() - begin


def _wait_for_banner(address: IPv4Address, port: int, timeout: float) -> None:
    last = "nothing"

    def answers() -> bool:
        nonlocal last
        try:
            with socket.create_connection((str(address), port), timeout=3) as stream:
                banner = stream.recv(64)
        except OSError as error:
            last = error.strerror or str(error)
            return False
        last = banner.decode(errors="replace").strip() or "closed without a word"
        return banner.startswith(b"SSH-")

    wait_until(
        answers,
        what=f"sshd at {address}:{port}",
        timeout=timeout,
        interval=0.1,
        last_state=lambda: last,
    )
