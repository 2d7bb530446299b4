"""/nodes/{node}/lxc/{vmid}: clones, templates, and moving to another node."""

from __future__ import annotations

from homelab.lab.api.endpoint import Call, Endpoint
from homelab.lab.api.guests.snapshots import SNAPSHOT_NAME
from homelab.lab.api.rights import AllOf, AnyOf, Inside, Privilege
from homelab.lab.guests import clone as guest_clone
from homelab.lab.guests import migration
from homelab.lab.guests.clone import Cloning
from homelab.lab.node.context import Context
from homelab.pve.guest_options import CREATE_ONLY, OPTIONS
from homelab.pve.schema import FLAG, REQUIRED, TEXT, WHOLE, Parameter

_TIMEOUT = 180


def clone(context: Context, call: Call) -> object:
    args = call.args
    newid = args.integer("newid")
    pool = args.text("pool") or None
    wanted = Cloning(
        vmid=call.vmid,
        newid=newid,
        full=args.flag("full") if "full" in args else None,
        snapshot=args.text("snapname") or None,
        storage=args.text("storage") or None,
        target=args.text("target") or None,
        hostname=args.text("hostname") or None,
        description=args.text("description") or None,
        pool=pool,
    )
    return guest_clone.clone(context, call.caller, wanted)


def template(context: Context, call: Call) -> None:
    guest_clone.make_template(context, call.caller, call.vmid)


def feature(context: Context, call: Call) -> object:
    args = call.args
    snapshot = args.text("snapname") or None
    has = guest_clone.has_feature(context, call.vmid, args.text("feature"), snapshot)
    return {"hasFeature": int(has)}


def check_migration(context: Context, call: Call) -> object:
    running = call.vmid in context.running()
    context.guest(call.vmid)
    if "target" in call.args:
        migration.check_target(context, call.args.text("target"))
    others = [node for node in context.online if node != context.node]
    return {"running": int(running), "allowed-nodes": others, "not-allowed-nodes": {}}


def migrate(context: Context, call: Call) -> object:
    args = call.args
    return migration.migrate(
        context,
        call.caller,
        call.vmid,
        args.text("target"),
        online=args.flag("online"),
        restart=args.flag("restart"),
        timeout=args.integer("timeout", _TIMEOUT),
    )


_L = "/nodes/{node}/lxc/{vmid}"
_CLONE = Inside(
    AllOf(
        (
            Privilege("/storage/{rootfs}", "Datastore.AllocateSpace"),
            Privilege("/sdn/zones/localnetwork/{bridge}", "SDN.Use"),
        )
    ),
    first=AllOf(
        (
            Privilege("/vms/{vmid}", "VM.Clone"),
            AnyOf(
                (
                    Privilege("/pool/{pool}", "VM.Allocate"),
                    Privilege("/vms/{newid}", "VM.Allocate"),
                )
            ),
        )
    ),
)
_MIGRATE = Privilege("/vms/{vmid}", "VM.Migrate")
_LIMIT = Parameter(type="number", minimum=0)

ENDPOINTS = (
    Endpoint(
        "POST",
        f"{_L}/clone",
        _CLONE,
        clone,
        {
            "bwlimit": _LIMIT,
            "description": OPTIONS["description"],
            "full": FLAG,
            "hostname": OPTIONS["hostname"],
            "newid": CREATE_ONLY["vmid"],
            "pool": CREATE_ONLY["pool"],
            "snapname": SNAPSHOT_NAME,
            "storage": TEXT,
            "target": TEXT,
        },
    ),
    Endpoint("POST", f"{_L}/template", Privilege("/vms/{vmid}", "VM.Allocate"), template),
    Endpoint(
        "GET",
        f"{_L}/feature",
        Privilege("/vms/{vmid}", "VM.Audit"),
        feature,
        {
            "feature": Parameter(required=True, enum=("snapshot", "clone", "copy")),
            "snapname": SNAPSHOT_NAME,
        },
    ),
    Endpoint("GET", f"{_L}/migrate", _MIGRATE, check_migration, {"target": TEXT}),
    Endpoint(
        "POST",
        f"{_L}/migrate",
        _MIGRATE,
        migrate,
        {
            "bwlimit": _LIMIT,
            "online": FLAG,
            "restart": FLAG,
            "target": REQUIRED,
            "target-storage": TEXT,
            "timeout": WHOLE,
        },
    ),
)
