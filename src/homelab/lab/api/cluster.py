"""/cluster: everything at a glance, the next free id, tasks, and high availability (there is none)."""

from __future__ import annotations

import time

from homelab.lab.api.endpoint import Call, Endpoint
from homelab.lab.api.node_view import host_memory, host_uptime, processors
from homelab.lab.api.task_view import task_row
from homelab.lab.api.views import guest_resource, pools_by_guest, storage_space
from homelab.lab.context import Context
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.storages import STORAGES
from homelab.pve.schema import Parameter

_FIRST_VMID = 100
_RECENT_TASKS = 500


def status(context: Context, _call: Call) -> object:
    address = context.bridges[0].address.partition("/")[0] if context.bridges else "127.0.0.1"
    return [
        {
            "id": f"node/{context.node}",
            "type": "node",
            "name": context.node,
            "nodeid": 0,
            "ip": address,
            "local": 1,
            "online": 1,
            "level": "",
        }
    ]


def resources(context: Context, call: Call) -> object:
    kind = call.args.text("type")
    rows: list[dict[str, object]] = []
    if kind in {"", "vm"}:
        running, pools = context.running(), pools_by_guest(context)
        rows += [
            guest_resource(context, record, running, pools) for record in context.state.guests()
        ]
    if kind == "":
        rows += [
            {"id": f"/pool/{pool.poolid}", "type": "pool", "pool": pool.poolid}
            for pool in context.state.pools()
        ]
    if kind in {"", "node"}:
        rows.append(_node_resource(context))
    if kind in {"", "storage"}:
        rows += [_storage_resource(context, number) for number in range(len(STORAGES))]
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


def _node_resource(context: Context) -> dict[str, object]:
    total, used = host_memory()
    space, taken = storage_space(context, STORAGES[0])
    return {
        "id": f"node/{context.node}",
        "type": "node",
        "node": context.node,
        "status": "online",
        "level": "",
        "maxcpu": processors(),
        "cpu": 0,
        "maxmem": total,
        "mem": used,
        "maxdisk": space,
        "disk": taken,
        "uptime": min(host_uptime(), int(time.time() - context.started)),
        "cgroup-mode": 2,
    }


def _storage_resource(context: Context, number: int) -> dict[str, object]:
    storage = STORAGES[number]
    space, taken = storage_space(context, storage)
    return {
        "id": f"storage/{context.node}/{storage.name}",
        "type": "storage",
        "storage": storage.name,
        "node": context.node,
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
