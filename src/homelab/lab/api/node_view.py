"""Figures of the machine that the lab runs on, as its node shows them."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path


def host_memory() -> tuple[int, int]:
    """Bytes of memory in all, and in use."""
    values = _memory()
    total = values.get("MemTotal", 0)
    return total, total - values.get("MemAvailable", total)


def host_swap() -> tuple[int, int]:
    """Bytes of swap in all, and in use."""
    values = _memory()
    total = values.get("SwapTotal", 0)
    return total, total - values.get("SwapFree", total)


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


def _memory() -> dict[str, int]:
    values: dict[str, int] = {}
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        key, _, rest = line.partition(":")
        values[key] = int(rest.split()[0]) * 1024
    return values
