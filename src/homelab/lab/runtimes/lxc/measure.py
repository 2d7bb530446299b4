"""What a running container uses, read from the kernel's files."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from homelab.lab.host.cgroups import members
from homelab.lab.runtime import Usage
from homelab.process import start_time_of

_VETH = re.compile(r"veth(\d+)i\d+")
_SENT = 8
"""The field of /proc/net/dev, after the name, that counts what was sent."""
_MEASURED_FOR = 2.0
_TICKS = os.sysconf("SC_CLK_TCK")


def measure(pid: int, payload: Path, memory_group: Path | None) -> Usage | None:
    """The use of the container whose init is `pid`; None when it ended meanwhile."""
    began = start_time_of(pid)
    if began is None:
        return None
    uptime = time.clock_gettime(time.CLOCK_BOOTTIME) - began / _TICKS
    memory, swap = _memory(payload, memory_group)
    return Usage(
        pid=pid,
        uptime=max(uptime, 0.0),
        cpu_seconds=_keyed(_text(payload / "cpu.stat")).get("usage_usec", 0) / 1e6,
        mem=memory,
        swap=swap,
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


def traffic(holder: int, *, proc: Path = Path("/proc")) -> dict[int, tuple[int, int]]:
    """Bytes that each container has received and sent, by the node's ends of its interfaces."""
    found: dict[int, tuple[int, int]] = {}
    for line in _text(proc / str(holder) / "net/dev").splitlines()[2:]:
        name, _, counters = line.partition(":")
        match = _VETH.fullmatch(name.strip())
        fields = counters.split()
        if match is not None and len(fields) > _SENT:
            received, sent = found.get(int(match[1]), (0, 0))
            # What the node's end receives is what the container sends.
            found[int(match[1])] = (received + int(fields[_SENT]), sent + int(fields[0]))
    return found


class Recent:
    """Numbers that are measured anew after some seconds, or when the container started anew."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[int, tuple[int, float, int]] = {}

    def get(self, vmid: int, init: int, measured: Callable[[], int]) -> int:
        """The number of a container whose init is `init`."""
        pid, then, number = self._known.get(vmid, (0, 0.0, 0))
        now = self._clock()
        if pid != init or now - then >= _MEASURED_FOR:
            number = measured()
            self._known[vmid] = (init, now, number)
        return number


class Meter:
    """Bytes that containers had the block layer read and write, counted by their processes.

    The control groups would count what passes a loop device twice. A process that ends leaves its
    counts to its parent, so that the sum over those that live never loses any but for a moment.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, proc: Path = Path("/proc")
    ) -> None:
        self._clock = clock
        self._proc = proc
        self._seen: dict[int, tuple[int, float, int, int]] = {}

    def read(self, vmid: int, init: int, payload: Path) -> tuple[int, int]:
        """Bytes read and written since the start, at most some seconds late."""
        pid, then, read, written = self._seen.get(vmid, (0, 0.0, 0, 0))
        now = self._clock()
        if pid == init and now - then < _MEASURED_FOR:
            return read, written
        if pid != init:
            read = written = 0
        found = [_keyed(_text(self._proc / str(one) / "io")) for one in members(payload)]
        read = max(read, sum(one.get("read_bytes:", 0) for one in found))
        written = max(written, sum(one.get("write_bytes:", 0) for one in found))
        self._seen[vmid] = (init, now, read, written)
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
