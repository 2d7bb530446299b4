"""A task as lists and its own status show it."""

from __future__ import annotations

from homelab.lab.state.database import TaskRecord
from homelab.pve.upid import Upid


def task_identity(upid: Upid) -> dict[str, object]:
    """What a task's name says; a token shows apart from its user."""
    identity: dict[str, object] = {
        "upid": str(upid),
        "node": upid.node,
        "pid": upid.pid,
        "pstart": upid.pstart,
        "starttime": upid.starttime,
        "type": upid.type,
        "id": upid.id,
        "user": upid.user,
    }
    if upid.tokenid is not None:
        identity["tokenid"] = upid.tokenid
    return identity


def task_status(record: TaskRecord) -> dict[str, object]:
    """A task's status; the exit status is there only when it has ended."""
    status = task_identity(Upid.parse(record.upid))
    if record.endtime is None:
        return {**status, "status": "running"}
    return {**status, "status": "stopped", "exitstatus": record.exitstatus}


def task_row(record: TaskRecord) -> dict[str, object]:
    """A task's row in a list."""
    row = task_identity(Upid.parse(record.upid))
    if record.endtime is None:
        return {**row, "status": "RUNNING"}
    return {**row, "endtime": record.endtime, "status": record.exitstatus}
