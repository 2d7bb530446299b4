"""Cloning guests, and making templates of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from homelab.errors import HomelabError
from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError, vmid_taken
from homelab.lab.guests.changes import disk_order, new_volume, volume_form, with_new_hwaddr
from homelab.lab.guests.locks import check_lock, locked, unlock
from homelab.lab.guests.removal import discard_or_note, forget_leftover
from homelab.lab.guests.rules import check_bridges
from homelab.lab.guests.snapshots import snapshot_of, snapshots_possible
from homelab.lab.guests.view import guest_of
from homelab.lab.node.context import Context
from homelab.lab.node.storages import find_storage, storage_for_volumes
from homelab.lab.runtime import TaskLog
from homelab.lab.state import firewall
from homelab.lab.state.database import GuestRecord, VolumeRecord
from homelab.lab.state.snapshots import PARENT, snapshots
from homelab.pve.guest_config import GuestConfig, index_of
from homelab.pve.upid import Upid
from homelab.pve.volumes import VolumeId

_BASES = {"subvol": "basevol", "vm": "base"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloning:
    """What a clone is to be."""

    vmid: int
    newid: int
    full: bool | None = None
    """None: full, unless the source is a template."""
    snapshot: str | None = None
    storage: str | None = None
    target: str | None = None
    hostname: str | None = None
    description: str | None = None
    pool: str | None = None


def clone(context: Context, caller: Caller, wanted: Cloning) -> Upid:
    """Clone a guest in a task; its new id is taken when this returns."""
    vmid, newid = wanted.vmid, wanted.newid
    if wanted.pool is not None:
        context.pool(wanted.pool)
    forget_leftover(context, newid)
    with context.locks.held(vmid):
        record = context.guest(vmid)
        source, linked = _source(context, record, wanted)
        config, made = _planned(context, caller, source, wanted, linked=linked)
        with context.state.transaction() as transaction:
            locked_config = config.changed({"lock": "create"})
            if not transaction.add_guest(newid, locked_config, node=context.node):
                raise vmid_taken(newid, context.node)
            for volume in made:
                transaction.put_volume(volume)
            own = firewall.read_to_change(context.state, firewall.guest_scope(vmid))
            firewall.write(transaction, firewall.guest_scope(newid), own)
            transaction.put_config(vmid, record.config.changed({"lock": "disk"}))
            upid = context.register(transaction, "vzclone", vmid, caller)

    def undo(log: TaskLog) -> None:
        discard_or_note(context, newid, log)
        unlock(context, vmid, "disk")

    def work(log: TaskLog) -> None:
        try:
            context.runtime.clone(
                guest_of(vmid, source),
                guest_of(newid, config),
                snapshot=wanted.snapshot,
                linked=linked,
                log=log,
            )
            with context.state.transaction() as transaction:
                transaction.put_config(newid, config)
                transaction.put_pool_guest(newid, wanted.pool)
        except HomelabError as error:
            undo(log)
            raise ApiFailureError(f"clone failed: {error.message}") from error
        unlock(context, vmid, "disk")

    context.tasks.run(upid, work, undo=undo)
    return upid


def _source(context: Context, record: GuestRecord, wanted: Cloning) -> tuple[GuestConfig, bool]:
    """The configuration that is cloned, and whether the clone is a linked one.

    Raises:
        ApiFailureError: PVE's text.
    """
    check_lock(record.config)
    template = record.config.flag("template")
    full = not template if wanted.full is None else wanted.full
    if wanted.storage is not None and not full:
        raise ApiFailureError("parameter 'storage' not allowed for linked clones")
    source = record.config
    if wanted.snapshot is not None:
        source = snapshot_of(context, record.vmid, wanted.snapshot).config
    if full and wanted.snapshot is None and record.vmid in context.running():
        raise ApiFailureError("Cannot do full clones on a running container without snapshots")
    if not full and not template:
        volid = (source.rootfs() or {}).get("volume", "")
        raise ApiFailureError(f"Linked clone feature for '{volid}' is not available")
    if wanted.target not in {None, context.node, "localhost"}:
        raise ApiFailureError(f"can't clone CT to node '{wanted.target}' (CT uses local storage)")
    return source, not full


def _planned(
    context: Context, caller: Caller, source: GuestConfig, wanted: Cloning, *, linked: bool
) -> tuple[GuestConfig, tuple[VolumeRecord, ...]]:
    """The configuration of the clone, and its volumes."""
    options: dict[str, str] = {}
    made: list[VolumeRecord] = []
    sizes = context.volumes(wanted.vmid)
    for key, value in sorted(source.options.items(), key=lambda item: disk_order(item[0])):
        form = volume_form(key)
        if form is not None:
            entry = form.parse(value)
            volume = VolumeId.parse(entry["volume"])
            storage = storage_for_volumes(wanted.storage or volume.storage)
            context.access.require(caller, f"/storage/{storage.name}", "Datastore.AllocateSpace")
            known = sizes.get(str(volume))
            size = 0 if known is None else known.size
            if linked and not storage.snapshots:
                raise ApiFailureError(f"Linked clone feature for '{volume}' is not available")
            name = storage.volume_name(wanted.newid, len(made), size=size)
            prefix = f"{volume.name.rpartition('/')[2]}/" if linked else ""
            made.append(new_volume(VolumeId(storage.name, f"{prefix}{name}"), wanted.newid, size))
            options[key] = form.format({**entry, "volume": made[-1].volid})
        elif index_of(key, "net") is not None:
            check_bridges(context.access, caller, {key: value}, context.release)
            options[key] = with_new_hwaddr(value)
        elif key not in {PARENT, "lock", "template"} and index_of(key, "unused") is None:
            options[key] = value
    if wanted.hostname is not None:
        options["hostname"] = wanted.hostname
    if wanted.description is not None:
        options["description"] = wanted.description
    return GuestConfig(options=options), tuple(made)


def make_template(context: Context, caller: Caller, vmid: int) -> None:
    """Make a template of a guest, in a task that the caller is not told of (as PVE)."""
    record = context.guest(vmid)
    if snapshots(context.state, vmid):
        raise ApiFailureError("unable to create template, because CT contains snapshots")
    check_lock(record.config)
    if record.config.flag("template"):
        raise ApiFailureError("you can't convert a template to a template")
    if vmid in context.running():
        raise ApiFailureError("you can't convert a CT to template if the CT is running")

    def work(log: TaskLog) -> None:
        with locked(context, vmid, "disk") as found:
            _become_template(context, found, log)

    context.start_task("vztemplate", vmid, caller, work)


def finish_template(context: Context, vmid: int, log: TaskLog) -> None:
    """Finish what a crash cut off, where it had begun."""
    record = context.guest(vmid)
    if record.config.options.get("lock") == "disk" and not record.config.flag("template"):
        _become_template(context, record, log)


def _become_template(context: Context, found: GuestRecord, log: TaskLog) -> None:
    """Rename the volumes, then commit; it may be done again after a crash."""
    vmid = found.vmid
    options = dict(found.config.options)
    renamed: dict[str, str] = {}
    for key, value in options.items():
        form = volume_form(key)
        if form is not None:
            entry = form.parse(value)
            base = _base_name(entry["volume"])
            renamed[entry["volume"]] = base
            options[key] = form.format({**entry, "volume": base})
    context.runtime.make_template(guest_of(vmid, found.config), renamed, log=log)
    known = context.volumes(vmid)
    config = GuestConfig(options={**options, "template": "1", "lock": "disk"})
    with context.state.transaction() as transaction:
        transaction.put_config(vmid, config)
        for old, new in renamed.items():
            transaction.remove_volume(old)
            transaction.put_volume(replace(known[old], volid=new))


def has_feature(context: Context, vmid: int, feature: str, snapshot: str | None) -> bool:
    """Whether a guest can be copied, cloned by reference, or have a snapshot taken."""
    record = context.guest(vmid)
    if snapshot is not None:
        snapshot_of(context, vmid, snapshot)
    if feature == "copy":
        return True
    template = record.config.flag("template")
    able = snapshots_possible(record.config)
    return able and (template and snapshot is None if feature == "clone" else not template)


def _base_name(volid: str) -> str:
    volume = VolumeId.parse(volid)
    storage = find_storage(volume.storage)
    name = volume.name
    if storage is not None and storage.snapshots:
        name = name.rpartition("/")[2]
    base = re.sub(r"(^|/)(subvol|vm)-", lambda found: f"{found[1]}{_BASES[found[2]]}-", name)
    return str(VolumeId(volume.storage, base))
