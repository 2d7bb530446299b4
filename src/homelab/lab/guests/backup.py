"""Backups of guests into archives, and guests made from them again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from homelab.errors import HomelabError
from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError
from homelab.lab.guests import power
from homelab.lab.guests.changes import (
    Change,
    disk_order,
    plan_change,
    volume_form,
    with_new_hwaddr,
)
from homelab.lab.guests.creation import check_space
from homelab.lab.guests.files import (
    StoredFile,
    backup_name,
    forget_file,
    put_file,
    stored_file,
    stored_files,
)
from homelab.lab.guests.locks import check_lock, held, locked
from homelab.lab.guests.removal import discard
from homelab.lab.guests.rules import check_creation, check_restoration, check_volumes
from homelab.lab.guests.view import guest_of
from homelab.lab.guests.volume_access import check_named_volumes
from homelab.lab.node.context import Context
from homelab.lab.node.storages import Storage
from homelab.lab.runtime import Credentials, Guest, TaskLog
from homelab.lab.state import firewall
from homelab.lab.state.database import GuestRecord
from homelab.lab.state.snapshots import PARENT
from homelab.pve.guest_config import GuestConfig, index_of
from homelab.pve.sizes import parse_size
from homelab.pve.upid import Upid

_GIBIBYTE = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOrder:
    """What is to be backed up and how."""

    vmids: tuple[int, ...]
    storage: Storage
    mode: str = "snapshot"
    notes: str = ""
    protected: bool = False
    keep: int | None = None
    """How many backups of each guest stay; None means all."""


def back_up(context: Context, caller: Caller, order: BackupOrder) -> Upid:
    """Back guests up in one task, one after the other; one that fails does not stop the rest."""

    def work(log: TaskLog) -> None:
        words = " ".join(map(str, order.vmids))
        log(f"INFO: starting new backup job: vzdump {words} --storage {order.storage.name}")
        failed = 0
        for vmid in order.vmids:
            log(f"INFO: Starting Backup of VM {vmid} (lxc)")
            try:
                _back_up(context, vmid, order, log)
            except HomelabError as error:
                failed += 1
                log(f"ERROR: Backup of VM {vmid} failed - {error.message}")
            else:
                log(f"INFO: Finished Backup of VM {vmid}")
        if failed:
            raise ApiFailureError("job errors")
        log("INFO: Backup job finished successfully")

    identity = order.vmids[0] if len(order.vmids) == 1 else ""
    return context.start_task("vzdump", identity, caller, work)


def _back_up(context: Context, vmid: int, order: BackupOrder, log: TaskLog) -> None:
    running = vmid in context.running()
    if running and order.mode == "stop":
        power.shut_down_now(context, vmid, log, timeout=600)
    try:
        with locked(context, vmid, "backup") as record:
            file = _new_file(context, vmid, order, record)
            size = context.runtime.backup(
                _for_backup(guest_of(vmid, record.config), record),
                file.path(context),
                config=file.config,
                log=log,
            )
            with context.state.transaction() as transaction:
                put_file(transaction, replace(file, size=size))
    finally:
        if running and order.mode == "stop":
            power.start_now(context, vmid, log)
    _prune(context, vmid, order, log)


def _new_file(context: Context, vmid: int, order: BackupOrder, record: GuestRecord) -> StoredFile:
    now = time.time()
    volid = f"{order.storage.name}:backup/{backup_name(vmid, now)}"
    while stored_file(context, volid) is not None:
        now += 1
        volid = f"{order.storage.name}:backup/{backup_name(vmid, now)}"
    kept = record.config.changed({}, delete=("lock", PARENT))
    return StoredFile(
        volid=volid,
        node=context.node,
        content="backup",
        size=0,
        ctime=int(now),
        vmid=vmid,
        notes=order.notes,
        protected=order.protected,
        config=GuestConfig(options=kept.options).to_stored(),
    )


def _for_backup(guest: Guest, record: GuestRecord) -> Guest:
    """The guest without the mount points that are not to be in a backup, as by default."""
    wanted = {
        entry["volume"]
        for entry in record.config.mount_points().values()
        if entry.get("backup") == "1"
    }
    volumes = tuple(v for v in guest.volumes if v.path == "/" or v.volid in wanted)
    return replace(guest, volumes=volumes)


def _prune(context: Context, vmid: int, order: BackupOrder, log: TaskLog) -> None:
    if order.keep is None:
        return
    mine = [
        file
        for file in stored_files(context)
        if file.content == "backup"
        and file.vmid == vmid
        and file.volid.startswith(f"{order.storage.name}:")
    ]
    mine.sort(key=lambda file: (file.ctime, file.volid), reverse=True)
    for file in [f for f in mine if not f.protected][order.keep :]:
        log(f"INFO: removing backup '{file.volid}'")
        remove_file(context, file)


def remove_file(context: Context, file: StoredFile) -> None:
    """Remove a file and what is noted of it."""
    with context.state.transaction() as transaction:
        forget_file(transaction, file)
    with suppress(FileNotFoundError):
        file.path(context).unlink()


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """A guest that is to be made from a backup."""

    vmid: int
    file: StoredFile
    values: Mapping[str, str]
    """Options that differ from those of the backup, in their stored form."""
    storage: str | None = None
    force: bool = False
    unique: bool = False
    pool: str | None = None
    start: bool = False
    credentials: Credentials = field(default_factory=Credentials)


def restore(context: Context, caller: Caller, wanted: Restoration) -> Upid:
    """Make a guest from a backup in a task; with `force` in place of the one that is there."""
    vmid = wanted.vmid
    old = context.state.guest(vmid)
    if old is not None:
        _check_replaceable(context, old, wanted)
    change = _restored(context, caller, wanted, old)
    pool = wanted.pool or context.state.pool_of().get(f"/vms/{vmid}")
    rules = firewall.read(context.state, firewall.guest_scope(vmid))

    def begin(log: TaskLog) -> None:
        if old is not None:
            with held(context, vmid) as now:
                _check_replaceable(context, now, wanted)
                discard(context, vmid, log)
        with context.state.transaction() as transaction:
            config = change.config.changed({"lock": "create"})
            if not transaction.add_guest(vmid, config, node=context.node):
                raise ApiFailureError(f"CT {vmid} already exists on node '{context.node}'")
            for volume in change.made:
                transaction.put_volume(volume)
            transaction.put_pool_guest(vmid, pool)
            if old is not None:
                firewall.write(transaction, firewall.guest_scope(vmid), rules)

    def work(log: TaskLog) -> None:
        try:
            begin(log)
        except HomelabError as error:  # what is there then, is not of this task
            raise _not_restored(vmid, error) from error
        try:
            context.runtime.restore(
                guest_of(vmid, change.config),
                wanted.file.path(context),
                credentials=wanted.credentials,
                log=log,
            )
            with context.state.transaction() as transaction:
                transaction.put_config(vmid, change.config)
        except HomelabError as error:
            with suppress(HomelabError):
                discard(context, vmid, log)
            raise _not_restored(vmid, error) from error
        if wanted.start:
            power.start_now(context, vmid, log)

    return context.start_task("vzrestore", vmid, caller, work)


def _not_restored(vmid: int, error: HomelabError) -> ApiFailureError:
    problem = f"unable to restore CT {vmid} - "
    return ApiFailureError(f"{problem}{error.message.removeprefix(problem)}")


def _restored(
    context: Context, caller: Caller, wanted: Restoration, old: GuestRecord | None
) -> Change:
    """What the guest will be, if the caller may make it so.

    Raises:
        ApiFailureError: PVE's text.
    """
    vmid, given = wanted.vmid, wanted.values
    kept = GuestConfig.from_text(wanted.file.config).options
    pool = wanted.pool if old is None else None
    check_creation(context.access, caller, vmid, values=given, pool=pool)
    check_restoration(
        context.access,
        caller,
        given=given,
        kept=kept,
        old=None if old is None else old.config,
        same_guest=wanted.file.vmid == vmid,
        release=context.release,
    )
    check_volumes(given)
    check_named_volumes(context.access, caller, vmid, given, own={}, guests=context.state.vmids())
    empty = GuestConfig(options={})
    change = plan_change(vmid, empty, values=_values(wanted), running=False, volumes={})
    check_space(context, caller, change)
    return change


def _check_replaceable(context: Context, old: GuestRecord, wanted: Restoration) -> None:
    problem = f"unable to restore CT {wanted.vmid} - "
    if not wanted.force or context.node_of(old) != context.node:
        node = context.node_of(old)
        raise ApiFailureError(f"{problem}CT {wanted.vmid} already exists on node '{node}'")
    check_lock(old.config)
    if wanted.vmid in context.running():
        raise ApiFailureError(f"{problem}CT {wanted.vmid} is running")
    if old.config.flag("protection"):
        raise ApiFailureError(f"{problem}CT {wanted.vmid} - protection mode enabled")


def _values(wanted: Restoration) -> dict[str, str]:
    """The options of the backup, with new volumes of the same sizes."""
    config, damage = GuestConfig.from_stored(wanted.file.config)
    if damage is not None:
        raise ApiFailureError(f"unable to restore CT {wanted.vmid} - {damage}")
    kept = config.options
    values: dict[str, str] = {}
    for key in sorted(kept, key=disk_order):
        value = kept[key]
        form = volume_form(key)
        if form is not None:
            entry = form.parse(value)
            storage = wanted.storage or entry["volume"].partition(":")[0]
            size = parse_size(entry.pop("size", "4G")) / _GIBIBYTE
            values[key] = form.format({**entry, "volume": f"{storage}:{size:.15g}"})
        elif index_of(key, "net") is not None and wanted.unique:
            values[key] = with_new_hwaddr(value)
        elif index_of(key, "unused") is None and key != "template":
            values[key] = value
    return {**values, **wanted.values}
