"""/nodes/{node}/lxc: containers and their configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from homelab.lab.access.delegation import require_modify
from homelab.lab.api.endpoint import Call, Encoded, Endpoint, each
from homelab.lab.api.endpoint import index as index_of
from homelab.lab.api.guests.snapshots import SNAPSHOT_NAME
from homelab.lab.api.guests.status import guest_status
from homelab.lab.api.rights import AllOf, AnyOf, Inside, Privilege, Rows
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.guests import backup, configuration, creation, removal, snapshots
from homelab.lab.guests.backup import Restoration
from homelab.lab.guests.creation import Creation
from homelab.lab.guests.files import backup_file
from homelab.lab.guests.view import guest_of
from homelab.lab.guests.volume_access import check_volume_access
from homelab.lab.node.context import Context
from homelab.lab.runtime import Credentials
from homelab.pve.guest_config import GuestConfig
from homelab.pve.guest_config import index_of as index_of_option
from homelab.pve.guest_options import CREATE_ONLY, OPTIONS
from homelab.pve.schema import FLAG, LIST, Parameter
from homelab.pve.upid import Upid

_DIGEST = Parameter(max_length=40)
_AUDIT = Privilege("/vms/{vmid}", "VM.Audit")
_INDEX = index_of(
    *("subdir", "config", "status", "snapshot", "firewall", "feature", "interfaces", "migrate"),
    *("pending", "rrddata"),
)


def listing(context: Context, call: Call) -> object:
    running = context.running()
    return [
        guest_status(context, record, running)
        for record in context.guests()
        if context.access.allows(call.caller, f"/vms/{record.vmid}", "VM.Audit")
    ]


def create(context: Context, call: Call) -> object:
    """Make a guest, or put one that is there back to a backup (PVE::API2::LXC create_vm).

    A pool's right is good for a new guest alone: with `force` it is the one that is replaced on
    which VM.Allocate or VM.Backup is needed. (PVE takes the pool's there, too.)
    """
    args = call.args
    pool = args.text("pool") or None
    where = f"/vms/{call.vmid}"
    replaces = (
        args.flag("restore") and args.flag("force") and context.state.guest(call.vmid) is not None
    )
    if replaces:
        context.access.require(call.caller, where, any_of=("VM.Allocate", "VM.Backup"))
        if pool is not None:
            require_modify(context.access, call.caller, where)
    else:
        places = (*([f"/pool/{pool}"] if pool else ()), where)
        context.access.require_any(call.caller, *((path, "VM.Allocate") for path in places))
    if pool is not None:
        context.pool(pool)
    if args.flag("ha-managed"):
        raise invalid("ha-managed", "this node has no high availability")
    keys = args.text("ssh-public-keys").split("\n")
    values = {
        name: args.text(name)
        for name in args
        if name in OPTIONS and index_of_option(name, "unused") is None
    }
    credentials = Credentials(
        password=args.text("password") or None,
        ssh_public_keys=tuple(key.strip() for key in keys if key.strip()),
    )
    if args.flag("restore"):
        return _restore(context, call, values, credentials, pool)
    if "unique" in args and "restore" not in args:
        raise invalid("restore", "missing property - 'unique' requires this property")
    wanted = Creation(
        vmid=call.vmid,
        values=values,
        template=args.text("ostemplate"),
        credentials=credentials,
        storage=args.text("storage", "local"),
        pool=pool,
        start=args.flag("start"),
    )
    return creation.create(context, call.caller, wanted)


def _restore(
    context: Context,
    call: Call,
    values: Mapping[str, str],
    credentials: Credentials,
    pool: str | None,
) -> Upid:
    args = call.args
    volid = args.text("ostemplate")
    check_volume_access(context.access, call.caller, volid, vmid=call.vmid)
    wanted = Restoration(
        vmid=call.vmid,
        file=backup_file(context, volid),
        values=values,
        storage=args.text("storage") or None,
        force=args.flag("force"),
        unique=args.flag("unique"),
        pool=pool,
        start=args.flag("start"),
        credentials=credentials,
    )
    return backup.restore(context, call.caller, wanted)


def index(context: Context, call: Call) -> object:
    context.guest(call.vmid)
    return _INDEX(context, call)


def destroy(context: Context, call: Call) -> object:
    return removal.destroy(context, call.caller, call.vmid, force=call.args.flag("force"))


def config(context: Context, call: Call) -> object:
    record = context.guest(call.vmid)
    if "snapshot" in call.args:
        if call.args.flag("current"):
            problem = "cannot use 'snapshot' parameter with 'current'"
            raise ApiFailureError(
                "Parameter verification failed.",
                status=400,
                errors={"snapshot": problem, "current": problem},
            )
        name = call.args.text("snapshot")
        return snapshots.snapshot_of(context, call.vmid, name).config.to_api()
    now = call.args.flag("current")
    return context.memo.get(("config", call.vmid, now), record, lambda: _config(record.config, now))


def _config(found: GuestConfig, now: bool) -> Encoded:  # noqa: FBT001
    return Encoded(orjson.dumps({"data": found.to_api() if now else found.pending_api()}))


def update(context: Context, call: Call) -> None:
    args = call.args
    delete = args.words("delete")
    for name in delete:
        if name not in OPTIONS:
            raise invalid("delete", f"unknown setting '{name}'")
        if name in args:
            raise invalid("delete", f"duplicate setting '{name}' - can't set and delete it")
    configuration.update(
        context,
        call.caller,
        call.vmid,
        values={name: args.text(name) for name in args if name in OPTIONS},
        delete=delete,
        revert=args.words("revert"),
        digest=args.text("digest") or None,
    )


def pending(context: Context, call: Call) -> object:
    return context.guest(call.vmid).config.pending_list()


def resize(context: Context, call: Call) -> object:
    args = call.args
    return configuration.resize(
        context,
        call.caller,
        call.vmid,
        disk=args.text("disk"),
        size=args.text("size"),
        digest=args.text("digest") or None,
    )


def interfaces(context: Context, call: Call) -> object:
    record = context.guest(call.vmid)
    if call.vmid not in context.running():
        return None
    found: dict[str, dict[str, Any]] = {}
    for entry in context.runtime.addresses(guest_of(call.vmid, record.config)):
        row = found.setdefault(
            entry.interface,
            {
                "name": entry.interface,
                "hwaddr": entry.hwaddr.lower(),
                "hardware-address": entry.hwaddr.lower(),
                "ip-addresses": [],
            },
        )
        family = "inet" if entry.family == 4 else "inet6"
        row.setdefault(family, f"{entry.address}/{entry.prefix}")
        row["ip-addresses"].append(
            {"ip-address": entry.address, "ip-address-type": family, "prefix": entry.prefix}
        )
    return list(found.values())


_L = "/nodes/{node}/lxc/{vmid}"
_CREATE = AllOf(
    (
        AnyOf((Privilege("/vms/{vmid}", "VM.Allocate"), Privilege("/pool/{pool}", "VM.Allocate"))),
        Privilege(
            "/storage/{ostemplate}",
            "Datastore.AllocateSpace",
            ("Datastore.Audit", "Datastore.Allocate"),
        ),
        Privilege("/storage/{rootfs}", "Datastore.AllocateSpace"),
        Privilege("/sdn/zones/localnetwork/{bridge}", "SDN.Use"),
        AnyOf(
            (
                Privilege("/vms/{vmid}", "VM.Config.Disk"),
                Privilege("/pool/{pool}", "VM.Config.Disk"),
            )
        ),
        AnyOf(
            (
                Privilege("/vms/{vmid}", "VM.Config.Network"),
                Privilege("/pool/{pool}", "VM.Config.Network"),
            )
        ),
    )
)
"""Of a guest with a disk and an interface; other options need the privileges of their kinds."""

ENDPOINTS = (
    Endpoint("GET", "/nodes/{node}/lxc", Rows(_AUDIT), listing, quick=True),
    Endpoint("POST", "/nodes/{node}/lxc", Inside(_CREATE), create, {**OPTIONS, **CREATE_ONLY}),
    Endpoint("GET", _L, "user", index),
    Endpoint(
        "DELETE",
        _L,
        Privilege("/vms/{vmid}", "VM.Allocate"),
        destroy,
        each(FLAG, "force", "purge", "destroy-unreferenced-disks"),
    ),
    Endpoint(
        "GET",
        f"{_L}/config",
        _AUDIT,
        config,
        {"current": FLAG, "snapshot": SNAPSHOT_NAME},
        quick=True,
    ),
    Endpoint(
        "PUT",
        f"{_L}/config",
        Privilege(
            "/vms/{vmid}",
            "VM.Config.Disk",
            ("VM.Config.CPU", "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options"),
        ),
        update,
        {**OPTIONS, "delete": LIST, "digest": _DIGEST, "revert": LIST},
    ),
    Endpoint("GET", f"{_L}/pending", _AUDIT, pending, quick=True),
    Endpoint(
        "PUT",
        f"{_L}/resize",
        Inside(
            Privilege("/storage/{rootfs}", "Datastore.AllocateSpace"),
            first=Privilege("/vms/{vmid}", "VM.Config.Disk"),
        ),
        resize,
        {
            "digest": _DIGEST,
            "disk": Parameter(required=True, pattern=r"rootfs|mp[0-9]{1,3}"),
            "size": Parameter(required=True, pattern=r"\+?[0-9]+(?:\.[0-9]+)?[KMGT]?"),
        },
    ),
    Endpoint("GET", f"{_L}/interfaces", _AUDIT, interfaces),
)
