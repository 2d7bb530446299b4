"""Programs of a node that outlive whoever starts them, and are found again by a record."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from homelab.files import replace_file
from homelab.polling import wait_until
from homelab.process import environment, is_alive, start_time_of

_START = 'echo $$ > "$1/cgroup.procs"; echo $$ > "$2"; shift 2; exec "$@"'
"""The shell joins the group and writes its id before it becomes the program, so that no moment
exists at which a crash of ours could lose it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A process, told from a later one of that id by when it began."""

    pid: int
    start_time: int

    @classmethod
    def load(cls, record: Path) -> Self | None:
        """The process that a record names, when it is alive."""
        try:
            daemon = cls(**json.loads(record.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return daemon if daemon.alive() else None

    def save(self, record: Path) -> None:
        """Write its record, whole or not at all."""
        replace_file(record, json.dumps(asdict(self)))

    def alive(self) -> bool:
        """Whether it is that very process and runs."""
        return is_alive(self.pid, start_time=self.start_time)


def start_daemon(
    name: str, command: Sequence[str | Path], *, directory: Path, group: Path
) -> Daemon:
    """Start a program in a session and a control group of its own, whose parent is init.

    What it says goes to a log in `directory`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    pidfile = directory / f"{name}.pid"
    pidfile.unlink(missing_ok=True)
    group.mkdir(parents=True, exist_ok=True)
    with (directory / f"{name}.log").open("ab") as log:
        subprocess.run(
            ("setsid", "--fork", "sh", "-ec", _START, "homelab-node", group, pidfile, *command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(),
            cwd="/",
            check=True,
        )

    def started() -> Daemon | None:
        try:
            pid = int(pidfile.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        begun = start_time_of(pid)
        return Daemon(pid=pid, start_time=begun) if begun is not None else None

    try:
        return wait_until(started, what=f"the node's {name}", timeout=10, interval=0.005)
    finally:
        pidfile.unlink(missing_ok=True)
