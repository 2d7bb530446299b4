"""Taking, removing and going back to snapshots of guests."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace

from homelab.errors import HomelabError
from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError
from homelab.lab.guests import power
from homelab.lab.guests.locks import check_lock, held, locked
from homelab.lab.guests.view import guest_of
from homelab.lab.node.context import Context
from homelab.lab.node.storages import find_storage
from homelab.lab.runtime import RuntimeFailureError, TaskLog
from homelab.lab.state.database import GuestRecord, StateError, Transaction
from homelab.lab.state.documents import document_to_change, put_document, remove_document
from homelab.lab.state.snapshots import (
    PARENT,
    SnapshotRecord,
    put_snapshot,
    remove_snapshot,
    snapshots,
)
from homelab.pve.guest_config import GuestConfig
from homelab.pve.upid import Upid
from homelab.pve.volumes import VolumeId

_RESERVED = ("current", "vzdump")
_GOING_BACK = "going back"
"""The kind of the records that name the snapshot to which a guest is being put back."""


def take(context: Context, caller: Caller, vmid: int, name: str, description: str) -> Upid:
    """Take a snapshot in a task; only a reserved name is refused before."""
    if name in _RESERVED:
        raise ApiFailureError(f"unable to use snapshot name '{name}' (reserved name)")
    context.guest(vmid)

    def work(log: TaskLog) -> None:
        if context.guest(vmid).config.flag("template"):
            raise ApiFailureError("you can't take a snapshot if it's a template")
        with locked(context, vmid, "snapshot") as record:
            if not snapshots_possible(record.config):
                raise ApiFailureError("snapshot feature is not available")
            _drop_unfinished(context, vmid, log, "prepare")
            if name in snapshots(context.state, vmid):
                raise ApiFailureError(f"snapshot name '{name}' already used")
            snapshot = SnapshotRecord(
                vmid=vmid,
                name=name,
                config=GuestConfig(options=record.config.options),
                description=description,
                snaptime=int(time.time()),
            )
            with context.state.transaction() as transaction:
                put_snapshot(transaction, snapshot.being("prepare"))
            try:
                context.runtime.snapshot(guest_of(vmid, snapshot.config), name, log=log)
                with context.state.transaction() as transaction:
                    put_snapshot(transaction, snapshot)
                    _put_parent(context, transaction, vmid, name)
            except HomelabError:
                with suppress(HomelabError):
                    _drop(context, snapshot, log)
                raise

    return context.start_task("vzsnapshot", vmid, caller, work)


def remove(context: Context, caller: Caller, vmid: int, name: str, *, force: bool) -> Upid:
    """Remove a snapshot in a task; with `force` also when its content can't be dropped."""
    context.guest(vmid)

    def work(log: TaskLog) -> None:
        if context.guest(vmid).config.flag("template"):
            raise ApiFailureError("you can't delete a snapshot if vm is a template")
        with locked(context, vmid, "snapshot-delete"):
            gone = _known(context, vmid, name, damaged=True)
            with context.state.transaction() as transaction:
                put_snapshot(transaction, gone.being("delete"))
            _drop(context, gone, log, force=force)

    return context.start_task("vzdelsnapshot", vmid, caller, work)


def _drop(context: Context, gone: SnapshotRecord, log: TaskLog, *, force: bool = False) -> None:
    """Drop what was kept, then the record; what descends from it descends from its parent then."""
    vmid, name = gone.vmid, gone.name
    try:
        context.runtime.delete_snapshot(guest_of(vmid, gone.config), name, log=log)
    except RuntimeFailureError:
        if not force:
            raise
    with context.state.transaction() as transaction:
        remove_snapshot(transaction, vmid, name)
        for other in snapshots(context.state, vmid).values():
            if other.parent == name and other.name != name and other.damage is None:
                put_snapshot(
                    transaction, replace(other, config=_descending(other.config, gone.parent))
                )
        if context.guest(vmid).config.options.get(PARENT) == name:
            _put_parent(context, transaction, vmid, gone.parent)


def finish(context: Context, vmid: int, log: TaskLog) -> None:
    """Finish what a crash cut off: a snapshot is whole or gone, and so is the way back to one."""
    record = context.guest(vmid)
    found = document_to_change(context.state, _GOING_BACK, str(vmid))
    if "name" in found and record.config.options.get("lock") == "rollback":
        _go_back(context, record, _known(context, vmid, str(found["name"])), log)
    _drop_unfinished(context, vmid, log, "prepare", "delete")


def _drop_unfinished(context: Context, vmid: int, log: TaskLog, *states: str) -> None:
    """Drop what is not whole; nothing else works on the guest."""
    for snapshot in snapshots(context.state, vmid).values():
        if snapshot.state in states:
            _drop(context, snapshot, log)


def go_back(context: Context, caller: Caller, vmid: int, name: str, *, start: bool) -> Upid:
    """Go back to a snapshot in a task; a running guest is stopped for it."""
    context.guest(vmid)

    def work(log: TaskLog) -> None:
        if context.guest(vmid).config.flag("template"):
            raise ApiFailureError("you can't rollback if vm is a template")
        _forget_going_back(context, vmid)
        with locked(context, vmid, "rollback") as record:
            wanted = _known(context, vmid, name)
            if wanted.state is not None:
                raise ApiFailureError(
                    f"unable to rollback to incomplete snapshot (snapstate = {wanted.state})"
                )
            _check_newest(context, wanted)
            if vmid in context.running():
                context.runtime.stop(guest_of(vmid, record.config), log=log)
            with context.state.transaction() as transaction:
                transaction.put_running(vmid, running=False)
                put_document(transaction, _GOING_BACK, str(vmid), {"name": name})
            try:
                _go_back(context, record, wanted, log)
            except HomelabError:
                with suppress(StateError):
                    _forget_going_back(context, vmid)
                raise
        if start:
            power.start_now(context, vmid, log)

    return context.start_task("vzrollback", vmid, caller, work)


def _forget_going_back(context: Context, vmid: int) -> None:
    if document_to_change(context.state, _GOING_BACK, str(vmid)):
        with context.state.transaction() as transaction:
            remove_document(transaction, _GOING_BACK, str(vmid))


def _go_back(context: Context, record: GuestRecord, wanted: SnapshotRecord, log: TaskLog) -> None:
    """Put the volumes back, then the configuration; it may be done again after a crash.

    Volumes that it did not have then are kept as unused ones.
    """
    context.runtime.rollback(guest_of(record.vmid, wanted.config), wanted.name, log=log)
    options = {**wanted.config.options, PARENT: wanted.name, "lock": "rollback"}
    extra = [v for v in record.config.volumes() if v not in wanted.config.volumes()]
    free = (key for n in range(256) if (key := f"unused{n}") not in options)
    options.update(zip(free, extra, strict=False))
    config = GuestConfig(options=options)
    sizes = {v.volid: v.size for v in guest_of(record.vmid, config).volumes}
    with context.state.transaction() as transaction:
        remove_document(transaction, _GOING_BACK, str(record.vmid))
        transaction.put_config(record.vmid, config)
        transaction.put_running(record.vmid, running=False)
        for volid, volume in context.volumes(record.vmid).items():
            if volid in sizes:
                transaction.put_volume(replace(volume, size=sizes[volid]))


def change_description(context: Context, vmid: int, name: str, description: str | None) -> None:
    """Change a snapshot's description."""
    with held(context, vmid) as record:
        check_lock(record.config)
        known = _known(context, vmid, name)
        if description is not None:
            with context.state.transaction() as transaction:
                put_snapshot(transaction, replace(known, description=description))


def snapshots_possible(config: GuestConfig) -> bool:
    """Whether every volume of a guest is on a storage that has snapshots."""
    entries = [config.rootfs() or {}, *config.mount_points().values()]
    names = {entry["volume"].partition(":")[0] for entry in entries if "volume" in entry}
    return all((found := find_storage(name)) is None or found.snapshots for name in names)


def snapshot_of(context: Context, vmid: int, name: str) -> SnapshotRecord:
    """A snapshot; raises ApiFailureError where there is none."""
    context.guest(vmid)
    return _known(context, vmid, name)


def _known(context: Context, vmid: int, name: str, *, damaged: bool = False) -> SnapshotRecord:
    found = snapshots(context.state, vmid).get(name)
    if found is None:
        raise ApiFailureError(f"snapshot '{name}' does not exist")
    if found.damage is not None and not damaged:
        raise ApiFailureError(
            f"snapshot '{name}' is damaged: {found.damage}; it can only be removed"
        )
    return found


def _check_newest(context: Context, wanted: SnapshotRecord) -> None:
    """A ZFS volume goes back to its newest snapshot only."""
    later = False
    for other in snapshots(context.state, wanted.vmid).values():
        shared = set(other.config.volumes()) & set(wanted.config.volumes())
        if later and shared:
            volume = VolumeId.parse(min(shared)).name
            raise ApiFailureError(
                f"can't rollback, '{wanted.name}' is not most recent snapshot on '{volume}'"
            )
        later = later or other.name == wanted.name


def _put_parent(context: Context, transaction: Transaction, vmid: int, parent: str | None) -> None:
    transaction.put_config(vmid, _descending(context.guest(vmid).config, parent))


def _descending(config: GuestConfig, parent: str | None) -> GuestConfig:
    if parent is None:
        return config.changed({}, delete=(PARENT,))
    return config.changed({PARENT: parent})
