"""What Ansible says while it runs, as typed events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_OUTCOMES = {
    "runner_on_ok": "ok",
    "runner_on_skipped": "skipped",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
}


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


def task_event(raw: Mapping[str, Any]) -> TaskEvent | None:
    """The event in ansible-runner's words as ours; None for those that are about no task."""
    data = raw.get("event_data")
    if not isinstance(data, Mapping) or not isinstance(data.get("host"), str):
        return None
    kind = str(raw.get("event", ""))
    result = data.get("res")
    outcome: Mapping[str, Any] = result if isinstance(result, Mapping) else {}
    if kind == "runner_on_start":
        state = TaskState.STARTED
    elif kind in _OUTCOMES:
        state = TaskState(_OUTCOMES[kind])
        if state is TaskState.OK and outcome.get("changed") is True:
            state = TaskState.CHANGED
    else:
        return None
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
            f"{_label(item)}: {message_of(item)}"
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


def _label(item: Mapping[str, Any]) -> str:
    return str(item.get("_ansible_item_label") or item.get("item") or "item")


def host_summaries(statistics: Mapping[str, Any]) -> dict[str, HostSummary]:
    """The summary of each host from the event `playbook_on_stats`."""

    def count(kind: str, host: str) -> int:
        counts = statistics.get(kind)
        return int(counts.get(host, 0)) if isinstance(counts, Mapping) else 0

    return {
        host: HostSummary(
            ok=count("ok", host),
            changed=count("changed", host),
            skipped=count("skipped", host),
            failed=count("failures", host),
            unreachable=count("dark", host),
            rescued=count("rescued", host),
        )
        for host in sorted(set(_hosts(statistics)))
    }


def _hosts(statistics: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("processed", "ok", "changed", "skipped", "failures", "dark", "rescued"):
        counts = statistics.get(kind)
        if isinstance(counts, Mapping):
            yield from (str(host) for host in counts)
