"""/nodes/{node}/vzdump: backups now; /cluster/backup: that there are no jobs."""

from __future__ import annotations

from homelab.lab.api.endpoint import EMPTY, Call, Endpoint, each, index
from homelab.lab.api.names import is_vmid
from homelab.lab.api.rights import AllOf, Inside, Privilege
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.guests import backup
from homelab.lab.guests.backup import BackupOrder
from homelab.lab.guests.files import backup_file
from homelab.lab.guests.volume_access import check_volume_access, content_and_owner
from homelab.lab.node.context import Context
from homelab.lab.node.storages import DUMP_STORAGE, Storage, storage_named
from homelab.pve.formats import PRUNE_BACKUPS
from homelab.pve.properties import parse_property_string
from homelab.pve.schema import COUNT, FLAG, LINES, LIST, REQUIRED, TEXT, WHOLE, Parameter


def back_up(context: Context, call: Call) -> object:
    """Back guests up; of `all` those that the caller may (PVE::API2::VZDump, PVE::VZDump)."""
    args, access, caller = call.args, context.access, call.caller
    vmids = _wanted(context, call)
    if args.flag("all"):
        vmids = tuple(v for v in vmids if access.allows(caller, f"/vms/{v}", "VM.Backup"))
    for vmid in vmids:
        access.require(caller, f"/vms/{vmid}", "VM.Backup")
    name = args.text("storage", DUMP_STORAGE)
    access.require(caller, f"/storage/{name}", "Datastore.AllocateSpace")
    _check_options(context, call, name)
    storage = _storage(name)
    elsewhere = {
        record.vmid for record in context.state.guests() if context.node_of(record) != context.node
    }
    local = tuple(vmid for vmid in vmids if vmid not in elsewhere)
    if not local:
        return "OK"
    order = BackupOrder(
        vmids=local,
        storage=storage,
        mode=args.text("mode", "snapshot"),
        notes=args.text("notes-template"),
        protected=args.flag("protected"),
        keep=_keep(args.text("prune-backups")) if args.flag("remove", default=True) else None,
    )
    return backup.back_up(context, call.caller, order)


def _check_options(context: Context, call: Call, storage: str) -> None:
    """What of a backup needs more than the right to make one (PVE::API2::Backup)."""
    args, access, caller = call.args, context.access, call.caller
    for name in ("dumpdir", "job-id", "script", "tmpdir"):
        if name in args and not caller.is_root:
            raise invalid(name, "Only root may set this option.")
    if any(name in args for name in ("bwlimit", "ionice", "performance")):
        access.require(caller, "/", "Sys.Modify")
    if args.flag("stop"):
        access.require(caller, f"/nodes/{context.node}", "Sys.Modify")
    if "prune-backups" in args:
        access.require(caller, f"/storage/{storage}", "Datastore.Allocate")
    fleecing = parse_property_string(args.text("fleecing"), default_key="enabled")
    if "storage" in fleecing:
        access.require(caller, f"/storage/{fleecing['storage']}", "Datastore.AllocateSpace")


def defaults(context: Context, call: Call) -> object:
    name = call.args.text("storage", DUMP_STORAGE)
    context.access.require(
        call.caller, f"/storage/{name}", any_of=("Datastore.Audit", "Datastore.AllocateSpace")
    )
    storage = _storage(name)
    return {"storage": storage.name, "mode": "snapshot", "compress": "zstd"}


def extract_config(context: Context, call: Call) -> object:
    volid = call.args.text("volume")
    check_volume_access(context.access, call.caller, volid)
    owner = content_and_owner(volid)[1]
    if owner is not None:
        context.access.require(call.caller, f"/vms/{owner}", "VM.Backup")
    return backup_file(context, volid).config


def no_job(_context: Context, call: Call) -> object:
    raise invalid("id", f"No such job '{call.args.text('id')}'")


def _storage(name: str) -> Storage:
    storage = storage_named(name)
    if "backup" not in storage.content:
        raise ApiFailureError(f"can't use storage '{name}' for backups - wrong content type")
    return storage


def _wanted(context: Context, call: Call) -> tuple[int, ...]:
    args = call.args
    excluded = set(args.words("exclude"))
    if args.flag("all"):
        return tuple(record.vmid for record in context.guests() if str(record.vmid) not in excluded)
    if "pool" in args:
        pool = context.pool(args.text("pool"))
        here = {record.vmid for record in context.guests()}
        return tuple(vmid for vmid in pool.vmids if vmid in here)
    words = args.words("vmid")
    if not words:
        raise invalid("vmid", "property is missing and it is not optional")
    for word in words:
        if not is_vmid(word):
            raise invalid("vmid", f"invalid format - value '{word}' does not look like a valid ID")
    return tuple(int(word) for word in words)


def _keep(text: str) -> int | None:
    last = PRUNE_BACKUPS.parse(text).get("keep-last")
    return None if last is None else int(last)


_BACKUP = Privilege("/vms/{vmid}", "VM.Backup")
_JOBS = Privilege("/", "Sys.Audit")

ENDPOINTS = (
    Endpoint(
        "POST",
        "/nodes/{node}/vzdump",
        Inside(AllOf((_BACKUP, Privilege("/storage/{storage}", "Datastore.AllocateSpace")))),
        back_up,
        {
            **each(FLAG, "all", "protected", "quiet", "remove", "stdexcludes", "stdout", "stop"),
            **each(TEXT, "dumpdir", "fleecing", "performance", "pool", "script"),
            "prune-backups": Parameter(check=PRUNE_BACKUPS.normalise),
            **each(TEXT, "storage", "tmpdir"),
            **each(LIST, "exclude", "mailto", "vmid"),
            **each(COUNT, "bwlimit", "lockwait", "stopwait"),
            **each(WHOLE, "pigz", "zstd"),
            "compress": Parameter(enum=("0", "1", "gzip", "lzo", "zstd")),
            "exclude-path": Parameter(type="array"),
            "ionice": Parameter(type="integer", minimum=0, maximum=8),
            "job-id": Parameter(max_length=50),
            "mailnotification": Parameter(enum=("always", "failure")),
            "mode": Parameter(enum=("snapshot", "suspend", "stop")),
            "notes-template": Parameter(max_length=1024, controls=LINES),
            "notification-mode": Parameter(enum=("auto", "legacy-sendmail", "notification-system")),
            "pbs-change-detection-mode": Parameter(enum=("legacy", "data", "metadata")),
        },
    ),
    Endpoint(
        "GET",
        "/nodes/{node}/vzdump/defaults",
        Inside(Privilege("/storage/{storage}", "Datastore.Audit", ("Datastore.AllocateSpace",))),
        defaults,
        {"storage": TEXT},
    ),
    Endpoint(
        "GET",
        "/nodes/{node}/vzdump/extractconfig",
        Inside(
            AllOf(
                (
                    _BACKUP,
                    Privilege(
                        "/storage/{storage}", "Datastore.AllocateSpace", ("Datastore.Allocate",)
                    ),
                )
            )
        ),
        extract_config,
        {"volume": REQUIRED},
    ),
    Endpoint("GET", "/cluster/backup", _JOBS, EMPTY),
    Endpoint("GET", "/cluster/backup/{id}", _JOBS, no_job),
    Endpoint("GET", "/cluster/backup-info", "user", index("subdir", "not-backed-up")),
)
