"""What Ansible says while it runs, as typed events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class TaskState(StrEnum):
    """How a task on a host stands."""

    STARTED = "started"
    OK = "ok"
    CHANGED = "changed"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNREACHABLE = "unreachable"

    @property
    def is_failure(self) -> bool:
        """Whether the host may go no further (unless a rescue follows)."""
        return self in {TaskState.FAILED, TaskState.UNREACHABLE}


_STATES = {
    "runner_on_start": TaskState.STARTED,
    "runner_on_ok": TaskState.OK,
    "runner_on_skipped": TaskState.SKIPPED,
    "runner_on_failed": TaskState.FAILED,
    "runner_on_unreachable": TaskState.UNREACHABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvent:
    """A task began or ended on one host; `message` is set when it failed."""

    host: str
    task: str
    role: str
    state: TaskState
    message: str = ""
    ignored: bool = False
    """Whether the playbook goes on in spite of the failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSummary:
    """How many tasks ended how on one host."""

    ok: int = 0
    changed: int = 0
    skipped: int = 0
    failed: int = 0
    unreachable: int = 0
    rescued: int = 0

    @property
    def is_failed(self) -> bool:
        """Whether the host did not reach the end of the playbook."""
        return self.failed > 0 or self.unreachable > 0


_COUNTERS = {
    "ok": "ok",
    "changed": "changed",
    "skipped": "skipped",
    "failures": "failed",
    "dark": "unreachable",
    "rescued": "rescued",
}
"""Ansible's names of what a summary counts, and ours."""


def task_event(raw: Mapping[str, Any]) -> TaskEvent | None:
    """The event in ansible-runner's words as ours; None for those that are about no task."""
    data = raw.get("event_data")
    if not isinstance(data, Mapping) or not isinstance(data.get("host"), str):
        return None
    state = _STATES.get(str(raw.get("event")))
    if state is None:
        return None
    result = data.get("res")
    outcome: Mapping[str, Any] = result if isinstance(result, Mapping) else {}
    if state is TaskState.OK and outcome.get("changed") is True:
        state = TaskState.CHANGED
    return TaskEvent(
        host=data["host"],
        task=str(data.get("task") or ""),
        role=str(data.get("role") or ""),
        state=state,
        message=message_of(outcome) if state.is_failure else "",
        ignored=bool(data.get("ignore_errors")),
    )


def message_of(result: Mapping[str, Any]) -> str:
    """What a failed task's result says, for people; for a loop, what each failed item says."""
    items = result.get("results")
    if isinstance(items, list):
        parts = [
            f"{item.get('_ansible_item_label') or item.get('item') or 'item'}: {message_of(item)}"
            for item in items
            if isinstance(item, Mapping) and (item.get("failed") or item.get("unreachable"))
        ]
        if parts:
            return "\n".join(parts)
    parts = [str(result.get("msg") or "no message").strip()]
    for stream in ("stderr", "module_stderr", "stdout", "module_stdout"):
        said = str(result.get(stream) or "").strip()
        if said and said not in parts[0]:
            parts.append("\n".join(said.splitlines()[-10:]))
            break
    return "\n".join(parts)


def host_summaries(statistics: Mapping[str, Any]) -> dict[str, HostSummary]:
    """The summary of each host from the event `playbook_on_stats`."""
    counts = {kind: value for kind, value in statistics.items() if isinstance(value, Mapping)}
    hosts = {str(host) for kind in ("processed", *_COUNTERS) for host in counts.get(kind, ())}
    return {
        host: HostSummary(
            **{name: int(counts.get(kind, {}).get(host, 0)) for kind, name in _COUNTERS.items()}
        )
        for host in sorted(hosts)
    }
