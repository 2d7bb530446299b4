"""/cluster/resources: everything at a glance, asked for by every client again and again.

The whole reply is kept as bytes until the state, the rules, a fault or the figures change; a
guest's row until the guest changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from homelab.lab.api.endpoint import Call, Encoded, Endpoint
from homelab.lab.api.guests.status import guest_resource, pools_by_guest, storage_resource
from homelab.lab.api.nodes.figures import node_row
from homelab.lab.api.rights import Privilege, Rows
from homelab.lab.node.context import Context
from homelab.lab.node.storages import STORAGES, Storage
from homelab.lab.runtime import Usage
from homelab.lab.state.database import GuestRecord
from homelab.pve.schema import Parameter


def resources(context: Context, call: Call) -> object:
    kind, name = call.args.text("type"), str(call.caller)
    look = context.look()
    looks = context.lag.looks if context.lag is not None else 0
    stamp = (
        *(context.state.changes, context.access.version, context.faults.down),
        *(look.number, looks),
    )
    return context.memo.get(
        ("resources", name, kind),
        stamp,
        lambda: Encoded(orjson.dumps({"data": list(_rows(context, call, kind, look.running))})),
    )


def see(context: Context) -> None:
    """Let what lags behind see the guests as they are."""
    if context.lag is not None:
        running, pools = context.look().running, pools_by_guest(context)
        context.lag.look(
            {
                record.vmid: guest_resource(context, record, running, pools)
                for record in context.state.guests()
            }
        )


def _rows(
    context: Context, call: Call, kind: str, running: Mapping[int, Usage]
) -> Iterator[object]:
    access, caller = context.access, call.caller
    everything = access.is_almighty(caller)
    if kind in {"", "vm"}:
        seen = {
            pool.poolid
            for pool in context.state.pools()
            if everything or access.allows(caller, f"/pool/{pool.poolid}", "Pool.Audit")
        }
        pools = {vmid: pool for vmid, pool in pools_by_guest(context).items() if pool in seen}
        for record in context.state.guests():
            if everything or access.allows(caller, f"/vms/{record.vmid}", "VM.Audit"):
                yield _guest_row(context, record, running, pools)
    if kind == "":
        for pool in context.state.pools():
            if everything or access.allows(caller, f"/pool/{pool.poolid}", "Pool.Audit"):
                yield {"id": f"/pool/{pool.poolid}", "type": "pool", "pool": pool.poolid}
    if kind in {"", "node"}:
        for node in context.nodes:
            if everything or access.allows(caller, f"/nodes/{node}", "Sys.Audit"):
                yield {**node_row(context, node), "cgroup-mode": 2}
    if kind in {"", "storage"}:
        for node in context.online:
            for storage in STORAGES:
                if everything or access.allows(
                    caller, f"/storage/{storage.name}", "Datastore.Audit"
                ):
                    yield _storage_row(context, node, storage)


def _guest_row(
    context: Context,
    record: GuestRecord,
    running: Mapping[int, Usage],
    pools: Mapping[int, str],
) -> orjson.Fragment:
    vmid = record.vmid
    if context.lag is not None:
        row = context.lag.shown(vmid, guest_resource(context, record, running, pools))
        if row.get("pool") != pools.get(vmid):
            row.pop("pool", None)
        return orjson.Fragment(orjson.dumps(row))
    down = context.node_of(record) in context.faults.down
    return context.memo.get(
        ("row", vmid, vmid in pools),
        (record, running.get(vmid), pools.get(vmid), down),
        lambda: orjson.Fragment(orjson.dumps(guest_resource(context, record, running, pools))),
    )


def _storage_row(context: Context, node: str, storage: Storage) -> dict[str, object]:
    return {
        **storage_resource(context.at(node), storage.name),
        "plugintype": storage.type,
        "content": ",".join(storage.content),
        "shared": 0,
    }


ENDPOINTS = (
    Endpoint(
        "GET",
        "/cluster/resources",
        Rows(Privilege("/vms/{vmid}", "VM.Audit")),
        resources,
        {"type": Parameter(enum=("vm", "storage", "node", "sdn"))},
        quick=True,
    ),
)
