"""Waiting for Proxmox VE's asynchronous tasks, whatever sends the requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from homelab.errors import ApiError, TaskError, WaitTimeoutError
from homelab.polling import wait_until
from homelab.pve.upid import Upid

_FIRST_POLL = 0.1
_LOG_TAIL = 12
_LOG_LIMIT = 100_000


def wait_for_task(
    get: Callable[[str], Any],
    upid: str,
    *,
    timeout: float = 1200.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Wait for a task's end and return its exit status, `OK` or `WARNINGS: N`.

    `get` fetches a path such as `nodes/pve/tasks/UPID/status`. The first poll is made at once, the
    next after 0.1 s, then ever more rarely, up to one a second; `timeout` is in seconds.

    Raises:
        TaskError: the task failed; it carries the last lines of the task's log.
        WaitTimeoutError: the task was still running at the deadline.
    """
    base = f"nodes/{Upid.parse(upid).node}/tasks/{quote(upid, safe=':!@')}"
    seen: Mapping[str, Any] = {}

    def ended() -> Mapping[str, Any] | None:
        nonlocal seen
        seen = get(f"{base}/status")
        return seen if seen.get("status") == "stopped" else None

    status = wait_until(
        ended,
        what=f"task {upid}",
        timeout=timeout,
        interval=_FIRST_POLL,
        last_state=lambda: str(seen.get("status", "unknown")),
        clock=clock,
        sleep=sleep,
    )
    exit_status = str(status.get("exitstatus", "unexpected status"))
    if exit_status == "OK" or exit_status.startswith("WARNINGS"):
        return exit_status
    raise TaskError(upid, exit_status, task_log(get, upid)[-_LOG_TAIL:])


def task_log(get: Callable[[str], Any], upid: str) -> tuple[str, ...]:
    """The lines of a task's log; none when the node does not give them out."""
    base = f"nodes/{Upid.parse(upid).node}/tasks/{quote(upid, safe=':!@')}"
    try:
        lines = get(f"{base}/log?limit={_LOG_LIMIT}")
    except (ApiError, WaitTimeoutError):
        return ()
    return tuple(str(line.get("t", "")) for line in lines or ())
