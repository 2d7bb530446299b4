"""What Terraform says while it works, as typed values (its `-json` lines).

Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias


class Phase(StrEnum):
    """Where work on a resource stands."""

    REFRESHED = "refreshed"
    START = "start"
    PROGRESS = "progress"
    COMPLETE = "complete"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceEvent:
    """Something happens to a resource."""

    address: str
    """Such as module.container["plex"].proxmox_lxc.this."""
    resource_type: str
    key: str
    """The key of the innermost `for_each`, such as plex; empty without one."""
    action: str
    """create, update, delete, replace, read or noop."""
    phase: Phase
    elapsed: float = 0.0
    """Seconds since this resource's start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """A warning or an error."""

    severity: str
    summary: str
    detail: str = ""
    address: str = ""
    location: str = ""
    """FILE:LINE where the configuration is at fault; empty when it is not."""

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.location, self.address) if part)
        text = f"{place}: {self.summary}" if place else self.summary
        detail = "".join(f"\n    {line}" for line in self.detail.splitlines() if line.strip())
        return text + detail


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryEvent:
    """How many resources a plan or an apply adds, changes, removes and imports."""

    operation: str
    """plan, apply or destroy."""
    add: int = 0
    change: int = 0
    remove: int = 0
    imported: int = 0


TerraformEvent: TypeAlias = ResourceEvent | Diagnostic | SummaryEvent

_PHASES: Mapping[str, Phase] = {
    "refresh_complete": Phase.REFRESHED,
    "apply_start": Phase.START,
    "apply_progress": Phase.PROGRESS,
    "apply_complete": Phase.COMPLETE,
    "apply_errored": Phase.ERRORED,
}


def parse_event(line: str) -> TerraformEvent | None:
    """The event in a line of output; None for what carries none, such as `version`."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    if not isinstance(message, dict):
        return None
    kind = str(message.get("type", ""))
    if kind == "diagnostic":
        return parse_diagnostic(message.get("diagnostic") or {})
    if kind == "change_summary":
        changes = message.get("changes") or {}
        return SummaryEvent(
            operation=str(changes.get("operation", "")),
            add=int(changes.get("add", 0)),
            change=int(changes.get("change", 0)),
            remove=int(changes.get("remove", 0)),
            imported=int(changes.get("import", 0)),
        )
    if kind in _PHASES:
        return _resource_event(_PHASES[kind], message.get("hook") or {})
    return None


def parse_diagnostic(value: Mapping[str, Any]) -> Diagnostic:
    """A diagnostic as `validate -json` and the event lines have it."""
    source = value.get("range") or {}
    line = (source.get("start") or {}).get("line")
    return Diagnostic(
        severity=str(value.get("severity", "error")),
        summary=str(value.get("summary", "")),
        detail=str(value.get("detail", "")),
        address=str(value.get("address", "")),
        location=f"{source['filename']}:{line}" if source.get("filename") else "",
    )


def _resource_event(phase: Phase, hook: Mapping[str, Any]) -> ResourceEvent:
    resource = hook.get("resource") or {}
    address = str(resource.get("addr", ""))
    return ResourceEvent(
        address=address,
        resource_type=str(resource.get("resource_type", "")),
        key=instance_key(address),
        action=str(hook.get("action", "read")),
        phase=phase,
        elapsed=float(hook.get("elapsed_seconds", 0)),
    )


def instance_key(address: str) -> str:
    """The last instance key in an address: plex in module.container["plex"].proxmox_lxc.this."""
    _, opened, rest = address.rpartition("[")
    key, closed, _ = rest.partition("]")
    return key.strip('"') if opened and closed else ""
