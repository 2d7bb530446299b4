"""Removing guests: those that are destroyed, and what is left of those that could not be made."""

from __future__ import annotations

from dataclasses import replace

from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError
from homelab.lab.guests.locks import check_lock, held
from homelab.lab.guests.view import guest_of
from homelab.lab.guests.volume_access import content_and_owner
from homelab.lab.guests.volumes import with_unused
from homelab.lab.node.context import Context
from homelab.lab.runtime import Guest, RuntimeFailureError, TaskLog
from homelab.lab.state import firewall
from homelab.lab.state.database import GuestRecord, StateError
from homelab.pve.upid import Upid
from homelab.pve.volumes import VolumeId


def _check_no_clones(context: Context, vmid: int) -> None:
    own = {volume.volid for volume in context.state.volumes(vmid)}
    for volume in context.state.volumes():
        base, separator, _name = volume.volid.partition("/")
        if separator and base in own and volume.vmid != vmid:
            raise ApiFailureError(f"base volume '{base}' is still in use by linked clone")


def destroy(context: Context, caller: Caller, vmid: int, *, force: bool) -> Upid:
    """Destroy a guest in a task, and with it the rules on it; with `force` also one that runs."""
    record = context.guest(vmid, damaged=True)
    if record.config.flag("protection"):
        raise ApiFailureError(f"can't remove CT {vmid} - protection mode enabled")
    if record.config.options.get("lock") != "destroyed":
        check_lock(record.config)
    _check_no_clones(context, vmid)
    if vmid in context.running() and not force:
        raise ApiFailureError(f"unable to destroy CT {vmid} - container is running")

    def work(log: TaskLog) -> None:
        with held(context, vmid, damaged=True) as now:
            if vmid in context.running():
                if not force:
                    raise ApiFailureError(f"unable to destroy CT {vmid} - container is running")
                context.runtime.stop(guest_of(vmid, now.config), log=log)
            with context.state.transaction() as transaction:
                transaction.put_config(vmid, now.config.changed({"lock": "destroyed"}))
            context.access.forget(f"/vms/{vmid}")
            discard(context, vmid, log)

    return context.start_task("vzdestroy", vmid, caller, work)


def forget_leftover(context: Context, vmid: int) -> None:
    """Clear away a creation that failed and could not be undone then (such as: disk full)."""
    if vmid not in context.leftovers:
        return
    with context.locks.held(vmid):
        if vmid in context.leftovers:
            discard(context, vmid, lambda _line: None)
            context.leftovers.discard(vmid)


def discard_or_note(context: Context, vmid: int, log: TaskLog) -> None:
    """Remove a guest that could not be made; when that fails too, it is done later."""
    try:
        discard(context, vmid, log)
    except (RuntimeFailureError, StateError):
        context.leftovers.add(vmid)


def discard(context: Context, vmid: int, log: TaskLog) -> None:
    """Remove a guest with everything that it has; its lock is held, and it does not run."""
    record = context.guest(vmid, damaged=True)
    context.runtime.destroy(_with_everything(context, record), log=log)
    with context.state.transaction() as transaction:
        transaction.remove_guest(vmid)
        firewall.remove(transaction, firewall.guest_scope(vmid))


def _with_everything(context: Context, record: GuestRecord) -> Guest:
    """The guest with the volumes that it does not use, and those of its snapshots.

    Whatever its configuration says, no volume of another guest goes with it
    (PVE::LXC delete_mountpoint_volume).
    """
    recorded = {volume.volid: volume.vmid for volume in context.state.volumes()}
    own = [volid for volid, vmid in recorded.items() if vmid == record.vmid]
    own += [
        volid
        for volid in record.config.volumes()
        if volid not in recorded and content_and_owner(volid) == ("rootdir", record.vmid)
    ]
    guest = guest_of(record.vmid, record.config)
    guest = replace(guest, volumes=tuple(v for v in guest.volumes if v.volid in own))
    known = {volume.volid for volume in guest.volumes}
    return with_unused(guest, [v for v in own if v not in known and VolumeId.find(v)])
