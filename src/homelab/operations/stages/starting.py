"""Starting declared containers that do not run, which Terraform's provider does not see as drift."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from homelab.clients.proxmox import Proxmox
from homelab.errors import ApiError
from homelab.model import Container, Topology

_AT_ONCE = 8


def start_stopped(
    proxmox: Proxmox, topology: Topology, *, on_start: Callable[[str], None]
) -> tuple[str, ...]:
    """Start each declared container that is stopped, in start order; the names of those started.

    Raises:
        ApiError: PVE refused to start one.
        TaskError: the start of one failed; carries its log.
    """
    stopped = {guest.vmid for guest in proxmox.containers() if guest.status == "stopped"}
    waiting = sorted(
        (container for container in topology if container.vmid in stopped),
        key=lambda container: (container.startup.order, container.vmid),
    )

    def start(container: Container) -> None:
        on_start(container.name)
        try:
            proxmox.start(container.node, container.vmid)
        except ApiError:
            # The list is from PVE's statistics, seconds old: it may run by now.
            if not proxmox.status(container.node, container.vmid).running:
                raise

    for _, group in groupby(waiting, key=lambda container: container.startup.order):
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(start, group))
    return tuple(container.name for container in waiting)
