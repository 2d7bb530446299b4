"""Creating guests, and whether there is room for their volumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError, vmid_taken
from homelab.lab.guests import power
from homelab.lab.guests.changes import Change, plan_change
from homelab.lab.guests.files import stored_files
from homelab.lab.guests.locks import held
from homelab.lab.guests.removal import discard, discard_or_note, forget_leftover
from homelab.lab.guests.rules import (
    check_bridges,
    check_creation,
    check_root_only,
    check_volumes,
)
from homelab.lab.guests.view import guest_of
from homelab.lab.guests.volume_access import check_named_volumes, check_volume_access
from homelab.lab.node.context import Context
from homelab.lab.node.storages import storage_named
from homelab.lab.runtime import Credentials, RuntimeFailureError, TaskLog
from homelab.lab.state.database import StateError
from homelab.pve.guest_config import GuestConfig
from homelab.pve.upid import Upid


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """What a new guest is to be."""

    vmid: int
    values: Mapping[str, str]
    """Its options in their stored form."""
    template: str
    credentials: Credentials
    storage: str = "local"
    """Where the root file system goes when `rootfs` is not among the options."""
    pool: str | None = None
    start: bool = False


def create(context: Context, caller: Caller, wanted: Creation) -> Upid:
    """Create a guest in a task; the id is taken when this returns."""
    vmid = wanted.vmid
    record = context.state.guest(vmid)
    if record is not None and vmid not in context.leftovers:
        raise vmid_taken(vmid, context.node_of(record))
    change = _first_config(context, caller, wanted)
    check_space(context, caller, change)
    forget_leftover(context, vmid)
    with context.state.transaction() as transaction:
        config = change.config.changed({"lock": "create"})
        if not transaction.add_guest(vmid, config, node=context.node):
            raise vmid_taken(vmid, context.node)
        for volume in change.made:
            transaction.put_volume(volume)
        transaction.put_pool_guest(vmid, wanted.pool)
        upid = context.register(transaction, "vzcreate", vmid, caller)
    context.tasks.run(
        upid,
        lambda log: _create(context, wanted, change.config, log),
        undo=lambda log: discard(context, vmid, log),
    )
    return upid


def _first_config(context: Context, caller: Caller, wanted: Creation) -> Change:
    values = {
        "arch": "amd64",
        "hostname": f"CT{wanted.vmid}",
        "memory": "512",
        "ostype": "debian",
        "swap": "512",
        "unprivileged": "1" if context.release.unprivileged_by_default else "0",
        **wanted.values,
    }
    if values["unprivileged"] != "1":
        context.access.require(caller, "/", "Sys.Modify")
    empty = GuestConfig(options={})
    check_creation(context.access, caller, wanted.vmid, values=wanted.values, pool=wanted.pool)
    check_volume_access(context.access, caller, wanted.template, vmid=wanted.vmid)
    check_bridges(context.access, caller, values, context.release)
    check_root_only(caller, values=values, delete=(), old=empty)
    check_volumes(values)
    check_named_volumes(
        context.access, caller, wanted.vmid, values, own={}, guests=context.state.vmids()
    )
    if "rootfs" not in values:
        if any(key.startswith("mp") for key in values):
            raise ApiFailureError("mountpoints configured, but 'rootfs' not set - aborting")
        values["rootfs"] = f"{wanted.storage}:4"
    if wanted.pool is not None:
        context.pool(wanted.pool)
    known = {template.volid for template in context.runtime.templates()}
    known |= {file.volid for file in stored_files(context) if file.content == "vztmpl"}
    if wanted.template not in known:
        storage, separator, _name = wanted.template.partition(":")
        if separator:
            storage_named(storage)
        raise ApiFailureError(f"volume '{wanted.template}' does not exist")
    return plan_change(wanted.vmid, empty, values=values, running=False, volumes={})


def _create(context: Context, wanted: Creation, config: GuestConfig, log: TaskLog) -> None:
    vmid = wanted.vmid
    guest = guest_of(vmid, config)
    with held(context, vmid):
        try:
            context.runtime.create(
                guest, template=wanted.template, credentials=wanted.credentials, log=log
            )
            with context.state.transaction() as transaction:
                transaction.put_config(vmid, config)
        except (RuntimeFailureError, StateError) as error:
            discard_or_note(context, vmid, log)
            problem = f"unable to create CT {vmid} - "
            why = error.message.removeprefix(problem)
            raise ApiFailureError(f"{problem}{why}") from error
    if wanted.start:
        power.start_now(context, vmid, log)


def check_space(context: Context, caller: Caller, change: Change) -> None:
    """Refuse new volumes on storages where the caller may not make any.

    Raises:
        ApiFailureError: 403.
    """
    for name in {volume.volid.partition(":")[0] for volume in change.made}:
        context.access.require(caller, f"/storage/{name}", "Datastore.AllocateSpace")
