"""What a running container uses, read from the kernel's files."""

from __future__ import annotations

import os
import time
from pathlib import Path

from homelab.lab.runtime import Usage
from homelab.process import start_time_of

_TICKS = os.sysconf("SC_CLK_TCK")


def measure(pid: int, payload: Path, memory_group: Path | None) -> Usage | None:
    """The use of the container whose init is `pid`; None when it ended meanwhile."""
    began = start_time_of(pid)
    if began is None:
        return None
    uptime = time.clock_gettime(time.CLOCK_BOOTTIME) - began / _TICKS
    memory, swap = _memory(payload, memory_group)
    received, sent = _network(_text(Path(f"/proc/{pid}/net/dev")))
    read, written = _io(_text(payload / "io.stat"))
    return Usage(
        pid=pid,
        uptime=max(uptime, 0.0),
        cpu_seconds=_keyed(_text(payload / "cpu.stat")).get("usage_usec", 0) / 1e6,
        mem=memory,
        swap=swap,
        diskread=read,
        diskwrite=written,
        netin=received,
        netout=sent,
    )


def listens(pid: int, number: int) -> bool:
    """Whether a process catches a signal, or blocks it to read it from a signalfd(2)."""
    masks = dict(
        line.split(":\t", 1)
        for line in _text(Path(f"/proc/{pid}/status")).splitlines()
        if line.startswith(("SigBlk:", "SigCgt:"))
    )
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks.values())


def _memory(payload: Path, v1_group: Path | None) -> tuple[int, int]:
    """Memory without what the kernel can drop at will, and swap."""
    if v1_group is not None:
        stat = _keyed(_text(v1_group / "memory.stat"))
        used = _number(v1_group / "memory.usage_in_bytes")
        return max(used - stat.get("total_inactive_file", 0), 0), stat.get("total_swap", 0)
    stat = _keyed(_text(payload / "memory.stat"))
    used = _number(payload / "memory.current")
    return max(used - stat.get("inactive_file", 0), 0), _number(payload / "memory.swap.current")


def _network(text: str) -> tuple[int, int]:
    """Bytes received and sent over the container's own interfaces."""
    received = sent = 0
    for line in text.splitlines()[2:]:
        name, _, counters = line.partition(":")
        fields = counters.split()
        if name.strip().startswith("eth") and len(fields) >= 9:
            received += int(fields[0])
            sent += int(fields[8])
    return received, sent


def _io(text: str) -> tuple[int, int]:
    read = written = 0
    for line in text.splitlines():
        for word in line.split()[1:]:
            name, _, value = word.partition("=")
            if name == "rbytes":
                read += int(value)
            elif name == "wbytes":
                written += int(value)
    return read, written


def _keyed(text: str) -> dict[str, int]:
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}


def _number(path: Path) -> int:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
