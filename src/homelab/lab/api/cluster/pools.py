"""/pools: groups of guests and storages, in both forms of URL."""

from __future__ import annotations

from homelab.lab.access.delegation import require_modify
from homelab.lab.api.endpoint import Call, Endpoint
from homelab.lab.api.guests.status import guest_resource, pools_by_guest, storage_resource
from homelab.lab.api.names import POOLID, is_vmid
from homelab.lab.api.rights import Privilege, Rows
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.node.context import Context
from homelab.lab.node.storages import storage_named
from homelab.lab.state.database import PoolRecord, Transaction
from homelab.pve.schema import FLAG, LIST, PARAGRAPHS, TEXT, Parameter


def listing(context: Context, call: Call) -> object:
    """Those that the caller may see; one of them with its members (PVE::API2::Pool index)."""
    if "poolid" in call.args:
        context.access.require(call.caller, f"/pool/{call.args.text('poolid')}", "Pool.Audit")
        pool = context.pool(call.args.text("poolid"))
        return [{"poolid": pool.poolid, **_details(context, pool, call.args.text("type"))}]
    return [
        {"poolid": pool.poolid, **({"comment": pool.comment} if pool.comment else {})}
        for pool in context.state.pools()
        if context.access.allows(call.caller, f"/pool/{pool.poolid}", "Pool.Audit")
    ]


def show(context: Context, call: Call) -> object:
    pool = context.pool(call.args.text("poolid"))
    return _details(context, pool, call.args.text("type"))


def create(context: Context, call: Call) -> None:
    poolid = call.args.text("poolid")
    parent, separator, leaf = poolid.rpartition("/")
    if separator and context.state.pool(parent) is None:
        raise ApiFailureError(
            f"create pool failed: parent '{parent}' of pool '{poolid}' does not exist"
        )
    if not leaf[0].isalpha():
        raise ApiFailureError("create pool failed: pool name must start with a letter")
    with context.state.transaction() as transaction:
        if not transaction.add_pool(poolid, call.args.text("comment")):
            raise ApiFailureError(f"create pool failed: pool '{poolid}' already exists")


def update(context: Context, call: Call) -> None:
    """Change a pool; members come and go with the right to hand out rights on each of them.

    What a pool grants holds on its members, so that PVE::API2::Pool update_pool asks for the same
    as a rule on the member does; one that is moved leaves a pool on which Pool.Allocate is needed.
    """
    args = call.args
    poolid = args.text("poolid")
    pool = context.pool(poolid)
    with context.state.transaction() as transaction:
        if "comment" in args:
            transaction.put_pool_comment(poolid, args.text("comment"))
        for word in args.words("vms"):
            _move_guest(context, transaction, pool, word, call)
        for name in args.words("storage"):
            _move_storage(context, transaction, pool, name, call)


def remove(context: Context, call: Call) -> None:
    poolid = call.args.text("poolid")
    pool = context.pool(poolid)
    below = [other.poolid for other in context.state.pools()]
    if any(name.startswith(f"{poolid}/") for name in below):
        raise ApiFailureError(f"delete pool failed: pool '{poolid}' is not empty")
    if pool.vmids or pool.storages:
        raise ApiFailureError(f"delete pool failed: pool '{poolid}' is not empty")
    with context.state.transaction() as transaction:
        transaction.remove_pool(poolid)
    context.access.forget(f"/pool/{poolid}")


def _move_guest(
    context: Context, transaction: Transaction, pool: PoolRecord, word: str, call: Call
) -> None:
    if not is_vmid(word):
        raise invalid("vms", "invalid format - value does not look like a valid VM ID")
    vmid = int(word)
    require_modify(context.access, call.caller, f"/vms/{vmid}")
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
    if owner is not None:
        context.access.require(call.caller, f"/pool/{owner}", "Pool.Allocate")
    transaction.put_pool_guest(vmid, pool.poolid)


def _move_storage(
    context: Context, transaction: Transaction, pool: PoolRecord, name: str, call: Call
) -> None:
    remove = call.args.flag("delete")
    require_modify(context.access, call.caller, f"/storage/{name}")
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
_ALLOCATE = Privilege("/pool/{poolid}", "Pool.Allocate")
_CHANGES = {"comment": PARAGRAPHS, "vms": LIST, "storage": LIST, "delete": FLAG, "allow-move": FLAG}

ENDPOINTS = (
    Endpoint("GET", "/pools", Rows(_AUDIT), listing, {"poolid": TEXT, "type": _KIND}),
    Endpoint("POST", "/pools", _ALLOCATE, create, {"poolid": POOLID, "comment": PARAGRAPHS}),
    Endpoint("PUT", "/pools", _ALLOCATE, update, {"poolid": POOLID, **_CHANGES}),
    Endpoint("DELETE", "/pools", _ALLOCATE, remove, {"poolid": POOLID}),
    Endpoint("GET", "/pools/{poolid*}", _AUDIT, show, {"type": _KIND}),
    Endpoint("PUT", "/pools/{poolid*}", _ALLOCATE, update, _CHANGES),
    Endpoint("DELETE", "/pools/{poolid*}", _ALLOCATE, remove),
)
