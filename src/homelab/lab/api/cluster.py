"""/cluster: everything at a glance, the next free id, tasks, and high availability (there is none)."""

from __future__ import annotations

from ipaddress import ip_address

from homelab.lab.api.endpoint import Call, Endpoint
from homelab.lab.api.node_view import node_row
from homelab.lab.api.task_view import task_row
from homelab.lab.api.views import guest_resource, pools_by_guest, storage_space
from homelab.lab.context import Context
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.storages import STORAGES, Storage
from homelab.pve.schema import Parameter

_FIRST_VMID = 100
_RECENT_TASKS = 500
_CLUSTER = "homelab"


def status(context: Context, _call: Call) -> object:
    address = context.bridges[0].address.partition("/")[0] if context.bridges else "127.0.0.1"
    rows: list[dict[str, object]] = [
        {
            "id": f"node/{node}",
            "type": "node",
            "name": node,
            "nodeid": number if len(context.nodes) > 1 else 0,
            "ip": str(ip_address(address) + number - 1),
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


def resources(context: Context, call: Call) -> object:
    kind = call.args.text("type")
    access, caller = context.access, call.caller
    everything = access.is_almighty(caller)
    rows: list[dict[str, object]] = []
    if kind in {"", "vm"}:
        running, pools = context.running(), pools_by_guest(context)
        rows += [
            guest_resource(context, record, running, pools)
            for record in context.state.guests()
            if everything or access.allows(caller, f"/vms/{record.vmid}", "VM.Audit")
        ]
    if kind == "":
        rows += [
            {"id": f"/pool/{pool.poolid}", "type": "pool", "pool": pool.poolid}
            for pool in context.state.pools()
            if everything or access.allows(caller, f"/pool/{pool.poolid}", "Pool.Audit")
        ]
    if kind in {"", "node"}:
        rows += [
            {**node_row(context, node), "cgroup-mode": 2}
            for node in context.nodes
            if everything or access.allows(caller, f"/nodes/{node}", "Sys.Audit")
        ]
    if kind in {"", "storage"}:
        rows += [
            _storage_resource(context, node, storage)
            for node in context.online
            for storage in STORAGES
            if everything
            or access.allows(
                caller, f"/storage/{storage.name}", "Datastore.Audit", "Datastore.AllocateSpace"
            )
        ]
    return rows


def next_id(context: Context, call: Call) -> object:
    taken = context.state.vmids()
    if "vmid" in call.args:
        wanted = call.args.integer("vmid")
        if wanted in taken:
            raise invalid("vmid", f"VM {wanted} already exists")
        return str(wanted)
    return str(next(number for number in range(_FIRST_VMID, 10**9) if number not in taken))


def tasks(context: Context, _call: Call) -> object:
    return [task_row(record) for record in context.tasks.records()[:_RECENT_TASKS]]


def ha_resources(_context: Context, _call: Call) -> object:
    return []


def ha_resource(_context: Context, call: Call) -> object:
    sid = call.args.text("sid")
    name = f"ct:{sid}" if sid.isdecimal() else sid
    raise ApiFailureError(f"no such resource '{name}'")


def not_backed_up(context: Context, _call: Call) -> object:
    return [
        {
            "vmid": record.vmid,
            "name": record.config.options.get("hostname", f"CT{record.vmid}"),
            "type": "lxc",
        }
        for record in context.state.guests()
    ]


def _storage_resource(context: Context, node: str, storage: Storage) -> dict[str, object]:
    space, taken = storage_space(context.at(node), storage)
    return {
        "id": f"storage/{node}/{storage.name}",
        "type": "storage",
        "storage": storage.name,
        "node": node,
        "status": "available",
        "plugintype": storage.type,
        "content": ",".join(storage.content),
        "shared": 0,
        "maxdisk": space,
        "disk": taken,
    }


ENDPOINTS = (
    Endpoint(method="GET", path="/cluster/status", permission="user", handler=status),
    Endpoint(
        method="GET",
        path="/cluster/resources",
        permission="user",
        handler=resources,
        parameters={"type": Parameter(enum=("vm", "storage", "node", "sdn"))},
    ),
    Endpoint(
        method="GET",
        path="/cluster/nextid",
        permission="user",
        handler=next_id,
        parameters={"vmid": Parameter(type="integer", minimum=100, maximum=999_999_999)},
    ),
    Endpoint(method="GET", path="/cluster/tasks", permission="user", handler=tasks),
    Endpoint(
        method="GET",
        path="/cluster/ha/resources",
        permission="user",
        handler=ha_resources,
        parameters={"type": Parameter(enum=("ct", "vm"))},
    ),
    Endpoint(
        method="GET", path="/cluster/ha/resources/{sid}", permission="user", handler=ha_resource
    ),
    Endpoint(
        method="GET",
        path="/cluster/backup-info/not-backed-up",
        permission="user",
        handler=not_backed_up,
    ),
)
