"""/pools: groups of guests and storages, in both forms of URL."""

from __future__ import annotations

import re

from homelab.lab.api.endpoint import Call, Endpoint, Privilege
from homelab.lab.api.guests.status import guest_resource, pools_by_guest, storage_resource
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.node.context import Context
from homelab.lab.node.storages import storage_named
from homelab.lab.state.database import PoolRecord, Transaction
from homelab.pve.schema import FLAG, LIST, PARAGRAPHS, TEXT, Parameter

_VMID = re.compile(r"[1-9][0-9]{2,8}")
_POOL = Parameter(
    required=True, max_length=1023, pattern=r"[A-Za-z0-9\-_]+(?:/[A-Za-z0-9\-_]+){0,2}"
)


def listing(context: Context, call: Call) -> object:
    if "poolid" in call.args:
        pool = context.pool(call.args.text("poolid"))
        return [{"poolid": pool.poolid, **_details(context, pool, call.args.text("type"))}]
    return [
        {"poolid": pool.poolid, **({"comment": pool.comment} if pool.comment else {})}
        for pool in context.state.pools()
    ]


def show(context: Context, call: Call) -> object:
    pool = context.pool(call.args.text("poolid"))
    return _details(context, pool, call.args.text("type"))


def create(context: Context, call: Call) -> None:
    poolid = call.args.text("poolid")
    context.access.require(call.caller, f"/pool/{poolid}", "Pool.Allocate")
    with context.state.transaction() as transaction:
        if not transaction.add_pool(poolid, call.args.text("comment")):
            raise ApiFailureError(f"create pool failed: pool '{poolid}' already exists")


def update(context: Context, call: Call) -> None:
    args = call.args
    poolid = args.text("poolid")
    context.access.require(call.caller, f"/pool/{poolid}", "Pool.Allocate")
    pool = context.pool(poolid)
    with context.state.transaction() as transaction:
        if "comment" in args:
            transaction.put_pool_comment(poolid, args.text("comment"))
        for word in args.words("vms"):
            _move_guest(context, transaction, pool, word, call)
        for name in args.words("storage"):
            _move_storage(transaction, pool, name, remove=args.flag("delete"))


def remove(context: Context, call: Call) -> None:
    poolid = call.args.text("poolid")
    context.access.require(call.caller, f"/pool/{poolid}", "Pool.Allocate")
    pool = context.pool(poolid)
    if pool.vmids or pool.storages:
        raise ApiFailureError(f"delete pool failed: pool '{poolid}' is not empty")
    with context.state.transaction() as transaction:
        transaction.remove_pool(poolid)


def _move_guest(
    context: Context, transaction: Transaction, pool: PoolRecord, word: str, call: Call
) -> None:
    if not _VMID.fullmatch(word):
        raise invalid("vms", "invalid format - value does not look like a valid VM ID")
    vmid = int(word)
    if call.args.flag("delete"):
        if vmid not in pool.vmids:
            raise ApiFailureError(f"update pools failed: VM {vmid} is not a pool member")
        transaction.put_pool_guest(vmid, None)
        return
    if context.state.guest(vmid) is None:
        raise ApiFailureError(f"update pools failed: VM {vmid} does not exist")
    owner = pools_by_guest(context).get(vmid)
    if owner == pool.poolid:
        raise ApiFailureError(f"update pools failed: VM {vmid} is already a pool member")
    if owner is not None and not call.args.flag("allow-move"):
        raise ApiFailureError(
            f"update pools failed: VM {vmid} belongs already to pool '{owner}' "
            "and 'allow-move' is not set"
        )
    transaction.put_pool_guest(vmid, pool.poolid)


def _move_storage(transaction: Transaction, pool: PoolRecord, name: str, *, remove: bool) -> None:
    if remove and name not in pool.storages:
        raise ApiFailureError(f"update pools failed: Storage '{name}' is not a pool member")
    if not remove:
        storage_named(name)
    transaction.put_pool_storage(pool.poolid, name, member=not remove)


def _details(context: Context, pool: PoolRecord, kind: str) -> dict[str, object]:
    members: list[dict[str, object]] = []
    if kind in {"", "lxc"}:
        running, pools = context.running(), pools_by_guest(context)
        members += [
            guest_resource(context, record, running, pools)
            for record in context.state.guests()
            if record.vmid in pool.vmids
        ]
    if kind in {"", "storage"}:
        members += [storage_resource(context, name) for name in pool.storages]
    return {**({"comment": pool.comment} if pool.comment else {}), "members": members}


_KIND = Parameter(enum=("qemu", "lxc", "storage"))
_AUDIT = Privilege("/pool/{poolid}", "Pool.Audit")
_CHANGES = {"comment": PARAGRAPHS, "vms": LIST, "storage": LIST, "delete": FLAG, "allow-move": FLAG}

ENDPOINTS = (
    Endpoint("GET", "/pools", "user", listing, {"poolid": TEXT, "type": _KIND}),
    Endpoint("POST", "/pools", "handler", create, {"poolid": _POOL, "comment": PARAGRAPHS}),
    Endpoint("PUT", "/pools", "handler", update, {"poolid": _POOL, **_CHANGES}),
    Endpoint("DELETE", "/pools", "handler", remove, {"poolid": _POOL}),
    Endpoint("GET", "/pools/{poolid*}", _AUDIT, show, {"type": _KIND}),
    Endpoint("PUT", "/pools/{poolid*}", "handler", update, _CHANGES),
    Endpoint("DELETE", "/pools/{poolid*}", "handler", remove),
)
