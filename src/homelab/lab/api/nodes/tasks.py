"""/nodes/{node}/tasks: what was started, how it ended, and what it said."""

from __future__ import annotations

from dataclasses import asdict

from homelab.lab.access.tickets import Caller
from homelab.lab.api.endpoint import Call, Endpoint, Page
from homelab.lab.api.rights import Inside, Privilege, Rows
from homelab.lab.failures import invalid
from homelab.lab.node.context import Context
from homelab.lab.state.database import TaskRecord
from homelab.pve.schema import COUNT, FLAG, LIST, TEXT, VMID, Parameter
from homelab.pve.upid import Upid, UpidError

DAMAGED = "damaged"
"""The type of a task whose id is none."""


def _identity(record: TaskRecord) -> dict[str, object]:
    """What a task's name says; a token shows apart from its user."""
    upid = record.name
    if upid is None:
        nobody = {"node": "", "type": DAMAGED, "id": "", "user": "", "pid": 0, "pstart": 0}
        return {"upid": record.upid, "starttime": record.starttime, **nobody}
    parts = {name: value for name, value in asdict(upid).items() if value is not None}
    return {"upid": str(upid), **parts}


def task_status(record: TaskRecord) -> dict[str, object]:
    """A task's status; the exit status is there only when it has ended."""
    status = _identity(record)
    if record.endtime is None:
        return {**status, "status": "running"}
    return {**status, "status": "stopped", "exitstatus": record.exitstatus}


def task_row(record: TaskRecord) -> dict[str, object]:
    """A task's row in a list."""
    row = _identity(record)
    if record.endtime is None:
        return {**row, "status": "RUNNING"}
    return {**row, "endtime": record.endtime, "status": record.exitstatus}


def is_own(caller: Caller, record: TaskRecord) -> bool:
    """Whether a task is the caller's: a token's is its user's too (PVE::API2::Tasks)."""
    upid = Upid.parse(record.upid)
    return caller.user == upid.user and caller.tokenid in {None, upid.tokenid}


def listing(context: Context, call: Call) -> object:
    """One's own tasks, or all of the node with the right (PVE::API2::Tasks node_tasks)."""
    args = call.args
    everything = context.access.allows(call.caller, f"/nodes/{context.node}", "Sys.Audit")
    source = args.text("source", "archive")
    found = [
        record
        for record in context.tasks.records()
        if source in {"all", "active" if record.endtime is None else "archive"}
        and _is_here(context, record)
        and (everything or is_own(call.caller, record))
        and _matches(record, call)
    ]
    start, limit = args.integer("start", 0), args.integer("limit", 50)
    rows = [task_row(record) for record in found[start : start + limit]]
    return Page(items=rows, total=len(found))


def index(context: Context, call: Call) -> object:
    _record(context, call)
    return [{"name": "status"}, {"name": "log"}]


def status(context: Context, call: Call) -> object:
    return task_status(_record(context, call))


def log(context: Context, call: Call) -> object:
    lines = context.tasks.lines(_record(context, call).upid)
    return Page.of_log(lines, call.args)


def _is_here(context: Context, record: TaskRecord) -> bool:
    """A node knows its own tasks; /cluster/tasks has those of all."""
    return record.name is None or record.name.node == context.node


def _matches(record: TaskRecord, call: Call) -> bool:
    args, upid = call.args, _identity(record)
    failed = record.exitstatus is not None and record.exitstatus != "OK"
    return (
        ("vmid" not in args or upid["id"] == args.text("vmid"))
        and ("typefilter" not in args or upid["type"] == args.text("typefilter"))
        and ("userfilter" not in args or args.text("userfilter") in str(upid["user"]))
        and ("since" not in args or record.starttime >= args.integer("since"))
        and ("until" not in args or record.starttime <= args.integer("until"))
        and (not args.flag("errors") or failed)
        and ("statusfilter" not in args or _outcome(record) in args.words("statusfilter"))
    )


def _outcome(record: TaskRecord) -> str:
    if record.exitstatus is None:
        return "unknown"
    if record.exitstatus.startswith("WARNINGS"):
        return "warning"
    return "ok" if record.exitstatus == "OK" else "error"


def _record(context: Context, call: Call) -> TaskRecord:
    name = call.args.text("upid")
    try:
        Upid.parse(name)
    except UpidError as error:
        raise invalid("upid", "unable to parse worker upid") from error
    record = context.tasks.status(name)
    if record is None or not is_own(call.caller, record):
        context.access.require(call.caller, f"/nodes/{context.node}", "Sys.Audit")
    if record is None or not _is_here(context, record):
        raise invalid("upid", "no such task")
    return record


_AUDIT = Privilege("/nodes/{node}", "Sys.Audit")
_OTHERS = Inside(_AUDIT)
_T = "/nodes/{node}/tasks/{upid}"

ENDPOINTS = (
    Endpoint(
        "GET",
        "/nodes/{node}/tasks",
        Rows(_AUDIT),
        listing,
        {
            "errors": FLAG,
            "limit": COUNT,
            "since": COUNT,
            "source": Parameter(enum=("archive", "active", "all")),
            "start": COUNT,
            "statusfilter": LIST,
            "typefilter": TEXT,
            "until": COUNT,
            "userfilter": TEXT,
            "vmid": VMID,
        },
    ),
    Endpoint("GET", _T, _OTHERS, index),
    Endpoint("GET", f"{_T}/status", _OTHERS, status, quick=True),
    Endpoint("GET", f"{_T}/log", _OTHERS, log, {"start": COUNT, "limit": COUNT, "download": FLAG}),
)
