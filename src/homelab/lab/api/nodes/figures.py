"""Figures of the machine that the lab runs on, as its node shows them."""

from __future__ import annotations

import os
import platform
import time
from functools import cache
from pathlib import Path

from homelab.lab.api.guests.status import storage_space
from homelab.lab.node.context import Context
from homelab.lab.node.storages import STORAGES


def node_uptime(context: Context) -> int:
    """Seconds since the lab's node came up."""
    return min(host_uptime(), int(time.time() - context.started))


def node_row(context: Context, node: str) -> dict[str, object]:
    """A node as lists show it; one that is down has no figures."""
    row: dict[str, object] = {"id": f"node/{node}", "type": "node", "node": node, "level": ""}
    if node in context.faults.down:
        return {**row, "status": "offline"}
    total, used = host_memory()
    space, taken = storage_space(context.at(node), STORAGES[0])
    return {
        **row,
        "status": "online",
        "maxcpu": processors(),
        "cpu": 0,
        "maxmem": total,
        "mem": used,
        "maxdisk": space,
        "disk": taken,
        "uptime": node_uptime(context),
    }


def host_memory() -> tuple[int, int]:
    """Bytes of memory in all, and in use."""
    return _use("MemTotal", "MemAvailable")


def host_swap() -> tuple[int, int]:
    """Bytes of swap in all, and in use."""
    return _use("SwapTotal", "SwapFree")


def host_uptime() -> int:
    """Seconds since the machine's boot."""
    return int(float(Path("/proc/uptime").read_text(encoding="ascii").split()[0]))


def processors() -> int:
    """How many CPUs there are."""
    return os.cpu_count() or 1


@cache
def processor_model() -> str:
    """The CPU's name."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()


def _use(whole: str, free: str) -> tuple[int, int]:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    values = {key: int(rest.split()[0]) << 10 for key, rest in (line.split(":") for line in lines)}
    total = values.get(whole, 0)
    return total, total - values.get(free, total)
