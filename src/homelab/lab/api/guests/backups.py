"""/nodes/{node}/vzdump: backups now; /cluster/backup: that there are no jobs."""

from __future__ import annotations

import re

from homelab.lab.api.endpoint import EMPTY, Call, Endpoint, Privilege, each, index
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.guests import backup
from homelab.lab.guests.backup import BackupOrder
from homelab.lab.guests.files import backup_file
from homelab.lab.node.context import Context
from homelab.lab.node.storages import DUMP_STORAGE, Storage, storage_named
from homelab.pve.formats import PRUNE_BACKUPS
from homelab.pve.schema import COUNT, FLAG, LINES, LIST, REQUIRED, TEXT, WHOLE, Parameter


def back_up(context: Context, call: Call) -> object:
    args = call.args
    storage = _storage(args.text("storage", DUMP_STORAGE))
    vmids = _wanted(context, call)
    for vmid in vmids:
        context.access.require(call.caller, f"/vms/{vmid}", "VM.Backup")
    context.access.require(call.caller, f"/storage/{storage.name}", "Datastore.AllocateSpace")
    for name in ("dumpdir", "script", "tmpdir"):
        if name in args and not call.caller.is_root:
            raise invalid(name, "Only root may set this option.")
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


def defaults(_context: Context, call: Call) -> object:
    storage = _storage(call.args.text("storage", DUMP_STORAGE))
    return {"storage": storage.name, "mode": "snapshot", "compress": "zstd"}


def extract_config(context: Context, call: Call) -> object:
    file = backup_file(context, call.args.text("volume"))
    context.access.require(call.caller, f"/vms/{file.vmid}", "VM.Backup")
    return file.config


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
        if not _VMID.fullmatch(word):
            raise invalid("vmid", f"invalid format - value '{word}' does not look like a valid ID")
    return tuple(int(word) for word in words)


def _keep(text: str) -> int | None:
    last = PRUNE_BACKUPS.parse(text).get("keep-last")
    return None if last is None else int(last)


_VMID = re.compile(r"[1-9][0-9]{2,8}")
_JOBS = Privilege("/", "Sys.Audit")

ENDPOINTS = (
    Endpoint(
        "POST",
        "/nodes/{node}/vzdump",
        "user",
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
    Endpoint("GET", "/nodes/{node}/vzdump/defaults", "user", defaults, {"storage": TEXT}),
    Endpoint(
        "GET", "/nodes/{node}/vzdump/extractconfig", "user", extract_config, {"volume": REQUIRED}
    ),
    Endpoint("GET", "/cluster/backup", _JOBS, EMPTY),
    Endpoint("GET", "/cluster/backup/{id}", _JOBS, no_job),
    Endpoint("GET", "/cluster/backup-info", "user", index("subdir", "not-backed-up")),
)
