"""Probing all containers of a topology at once, again and again until a deadline if wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Protocol

from homelab import netns as network
from homelab.errors import ConfigurationError
from homelab.model.topology import Topology
from homelab.model.values import Container
from homelab.probes import http
from homelab.probes.report import ProbeReport, ProbeResult

_THREADS = 64


class InNetwork(Protocol):
    """Something whose containers are reached from one network namespace, such as the lab."""

    def network_namespace(self) -> Path | None:
        """The namespace; None for this process's own network, as with a production node.

        Raises:
            CapabilityError: its containers do not run, so nothing could answer.
        """


def run(
    topology: Topology,
    *,
    target: InNetwork | None = None,
    netns: Path | None = None,
    only: Iterable[str] | None = None,
    timeout: float = 3.0,
    deadline: float = 0.0,
    on_result: Callable[[ProbeResult], None] | None = None,
) -> ProbeReport:
    """Ask the health endpoint of every container of `topology`, all at the same time.

    The requests leave from `target`'s network, or from the namespace `netns` (such as
    /proc/PID/ns/net), or without both from this process's own. `only` picks containers by name.
    One attempt may take `timeout` seconds; a service that is not well is asked again until
    `deadline` seconds have passed (0: asked once). `on_result` is called from this thread with each
    verdict as it comes.

    Raises:
        ConfigurationError: `only` names a container that is not there, or picks none.
        CapabilityError: the namespace can't be entered, or the target's containers don't run.
    """
    containers = _picked(topology, only)
    namespace = netns if target is None else target.network_namespace()
    begin = time.monotonic()
    stop = threading.Event()
    results: dict[str, ProbeResult] = {}

    # Threads start in the namespace of the thread that starts them.
    with network.inside(namespace), ThreadPoolExecutor(min(_THREADS, len(containers))) as pool:
        try:
            pending = [
                pool.submit(probe, container, timeout=timeout, deadline=deadline, stop=stop)
                for container in containers
            ]
            for done in as_completed(pending):
                result = done.result()
                results[result.container] = result
                if on_result is not None:
                    on_result(result)
        finally:
            stop.set()
    return ProbeReport(
        results=tuple(results[container.name] for container in containers),
        elapsed=time.monotonic() - begin,
    )


def probe(
    container: Container,
    *,
    timeout: float = 3.0,
    deadline: float = 0.0,
    stop: threading.Event | None = None,
) -> ProbeResult:
    """Ask one container's health endpoint from the calling thread's network.

    `timeout` and `deadline` are as for `run`; setting `stop` ends the asking.
    """
    stop = threading.Event() if stop is None else stop
    begin = time.monotonic()
    attempts = 0
    pause = 0.1
    while True:
        attempts += 1
        last = http.attempt(container, timeout=timeout)
        elapsed = time.monotonic() - begin
        result = ProbeResult(
            container=container.name,
            service=container.service.image,
            url=container.health_url,
            seen=last.seen,
            expected=container.service.health.status,
            status=last.status,
            latency=last.latency,
            elapsed=elapsed,
            attempts=attempts,
            detail=last.detail,
        )
        if result.ok or elapsed + pause > deadline or stop.wait(pause):
            return result
        pause = min(pause * 1.5, 1.0)


def _picked(topology: Topology, only: Iterable[str] | None) -> tuple[Container, ...]:
    known = [container.name for container in topology]
    wanted = set(known if only is None else only)
    if unknown := wanted.difference(known):
        raise ConfigurationError(
            f"no container is called {', '.join(sorted(unknown))}",
            hint=f"there are: {', '.join(known)}",
        )
    picked = tuple(container for container in topology if container.name in wanted)
    if not picked:
        raise ConfigurationError("there is no container to probe")
    return picked
