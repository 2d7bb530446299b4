"""Suspending real containers: refused, in the words of a node without CRIU."""

from __future__ import annotations

from typing import NoReturn

from homelab.lab.runtime import Guest, RuntimeFailureError, TaskLog

_DUMP = "/var/lib/vz/dump"


def refuse_suspend(guest: Guest, log: TaskLog) -> NoReturn:
    """What `pct suspend` ends with where CRIU does not work."""
    _refuse(f"lxc-checkpoint -n {guest.vmid} -s -D {_DUMP}", log)


def refuse_resume(guest: Guest, log: TaskLog) -> NoReturn:
    """What `pct resume` ends with where CRIU does not work."""
    _refuse(f"lxc-checkpoint -n {guest.vmid} -r --foreground -D {_DUMP}", log)


def _refuse(command: str, log: TaskLog) -> NoReturn:
    log("the lab does not use CRIU; on a real node it is experimental, and fails for most guests")
    raise RuntimeFailureError(f"command '{command}' failed: exit code 1")
