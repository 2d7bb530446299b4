"""/cluster: its nodes, the next free id, tasks, and high availability (there is none)."""

from __future__ import annotations

from ipaddress import ip_address

from homelab.lab.api.endpoint import EMPTY, Call, Endpoint
from homelab.lab.api.nodes.tasks import is_own, task_row
from homelab.lab.api.rights import Privilege, Rows
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.node.context import Context
from homelab.pve.schema import VMID, Parameter

_FIRST_VMID = 100
_RECENT_TASKS = 500
_CLUSTER = "homelab"


def status(context: Context, _call: Call) -> object:
    rows: list[dict[str, object]] = [
        {
            "id": f"node/{node}",
            "type": "node",
            "name": node,
            "nodeid": number if len(context.nodes) > 1 else 0,
            "ip": str(ip_address(context.address) + number - 1),
            "local": int(node == context.home),
            "online": int(node in context.online),
            "level": "",
        }
        for number, node in enumerate(context.nodes, start=1)
    ]
    if len(context.nodes) == 1:
        return rows
    cluster = {
        "id": "cluster",
        "type": "cluster",
        "name": _CLUSTER,
        "version": len(context.nodes),
        "nodes": len(context.nodes),
        "quorate": int(2 * len(context.online) > len(context.nodes)),
    }
    return [cluster, *rows]


def next_id(context: Context, call: Call) -> object:
    taken = context.state.vmids()
    if "vmid" in call.args:
        wanted = call.args.integer("vmid")
        if wanted in taken:
            raise invalid("vmid", f"VM {wanted} already exists")
        return str(wanted)
    return str(next(number for number in range(_FIRST_VMID, 10**9) if number not in taken))


def tasks(context: Context, call: Call) -> object:
    """One's own, or all with the right on `/` (PVE::API2::Cluster tasks)."""
    everything = context.access.allows(call.caller, "/", "Sys.Audit")
    found = [r for r in context.tasks.records() if everything or is_own(call.caller, r)]
    return [task_row(record) for record in found[:_RECENT_TASKS]]


def ha_resource(_context: Context, call: Call) -> object:
    sid = call.args.text("sid")
    name = f"ct:{sid}" if sid.isdecimal() else sid
    raise ApiFailureError(f"no such resource '{name}'")


def not_backed_up(context: Context, call: Call) -> object:
    return [
        {
            "vmid": record.vmid,
            "name": record.config.options.get("hostname", f"CT{record.vmid}"),
            "type": "lxc",
        }
        for record in context.state.guests()
        if context.access.allows(call.caller, f"/vms/{record.vmid}", "VM.Audit")
    ]


_AUDIT = Privilege("/", "Sys.Audit")

ENDPOINTS = (
    Endpoint("GET", "/cluster/status", _AUDIT, status, quick=True),
    Endpoint("GET", "/cluster/nextid", "user", next_id, {"vmid": VMID}, quick=True),
    Endpoint("GET", "/cluster/tasks", Rows(_AUDIT), tasks),
    Endpoint("GET", "/cluster/ha/resources", _AUDIT, EMPTY, {"type": Parameter(enum=("ct", "vm"))}),
    Endpoint("GET", "/cluster/ha/resources/{sid}", _AUDIT, ha_resource),
    Endpoint("GET", "/cluster/backup-info/not-backed-up", _AUDIT, not_backed_up),
)
