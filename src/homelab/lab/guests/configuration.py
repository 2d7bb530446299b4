"""Changing guests that exist: their options, and the sizes of their volumes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError, invalid, modified
from homelab.lab.guests.changes import plan_change, volume_form
from homelab.lab.guests.creation import check_space
from homelab.lab.guests.locks import check_lock, held
from homelab.lab.guests.rules import (
    check_bridges,
    check_deletions,
    check_privileges,
    check_root_only,
    check_volumes,
)
from homelab.lab.guests.view import guest_of
from homelab.lab.guests.volume_access import check_named_volumes
from homelab.lab.guests.volumes import carry_out
from homelab.lab.node.context import Context
from homelab.lab.runtime import RuntimeFailureError, TaskLog
from homelab.lab.state.database import GuestRecord, VolumeRecord
from homelab.lab.state.snapshots import snapshots
from homelab.pve.guest_config import GuestConfig
from homelab.pve.sizes import GREATEST_SIZE, format_size, parse_size
from homelab.pve.upid import Upid
from homelab.pve.volumes import truncated


def update(
    context: Context,
    caller: Caller,
    vmid: int,
    *,
    values: Mapping[str, str],
    delete: Sequence[str] = (),
    revert: Sequence[str] = (),
    digest: str | None = None,
) -> None:
    """Change a guest's options, in the calling thread; a running guest follows as far as PVE's do.

    `revert` names options whose pending change is dropped.

    Raises:
        ApiFailureError: PVE's text; nothing was changed.
    """
    if not values and not delete and not revert:
        raise ApiFailureError("no options specified")
    if "unprivileged" in values:
        raise ApiFailureError("unable to modify read-only option: 'unprivileged'")
    with context.locks.held(vmid):
        record = context.guest(vmid)
        if "lock" not in delete:
            check_lock(record.config)
        _check_digest(record.config, digest)
        check_privileges(context.access, caller, vmid, (*values, *delete, *revert))
        check_root_only(caller, values=values, delete=delete, old=record.config)
        check_bridges(
            context.access, caller, values, context.release, old=record.config, delete=delete
        )
        check_volumes(values)
        own, guests = context.volumes(vmid), context.state.vmids()
        check_named_volumes(context.access, caller, vmid, values, own=own, guests=guests)
        check_deletions(vmid, record.config, delete)
        _check_snapshots(context, record, delete)
        change = plan_change(
            vmid,
            record.config.reverted(revert),
            values=values,
            delete=delete,
            running=vmid in context.running(),
            volumes=context.volumes(vmid),
        )
        check_space(context, caller, change)
        carry_out(context, record, change, lambda _line: None)


def _check_snapshots(context: Context, record: GuestRecord, delete: Sequence[str]) -> None:
    kept = {
        volid
        for snapshot in snapshots(context.state, record.vmid).values()
        for volid in snapshot.config.volumes()
    }
    for key in delete:
        volid = record.config.options.get(key, "").partition(",")[0]
        if key.startswith("unused") and volid in kept:
            raise ApiFailureError(
                f"unable to delete '{volid}' - volume is still in use (snapshot?)"
            )


def _check_digest(config: GuestConfig, digest: str | None) -> None:
    if digest and digest != config.digest:
        raise modified()


def resize(
    context: Context, caller: Caller, vmid: int, *, disk: str, size: str, digest: str | None
) -> Upid:
    """Grow a volume in a task; `size` is absolute or, with a leading `+`, what is added."""
    record = context.guest(vmid)
    check_lock(record.config)
    _check_digest(record.config, digest)
    value, form = record.config.options.get(disk), volume_form(disk)
    if value is None or form is None:
        raise ApiFailureError(f"disk '{disk}' does not exist")
    entry = form.parse(value)
    if entry["volume"] not in context.volumes(vmid):
        raise ApiFailureError(f"volume '{entry['volume']}' does not exist")
    context.access.require(
        caller, f"/storage/{entry['volume'].partition(':')[0]}", "Datastore.AllocateSpace"
    )
    before = parse_size(entry.get("size", "0"))
    after = truncated(_given_size(size) + (before if size[0] == "+" else 0))
    if after > GREATEST_SIZE:
        raise invalid("size", f"{size} is more than there can be")
    if after < before:
        raise ApiFailureError("unable to shrink disk size")
    if after == before:
        raise ApiFailureError("disk is already at specified size")

    def work(log: TaskLog) -> None:
        with held(context, vmid) as now:
            grown = form.format({**entry, "size": format_size(after)})
            config = now.config.changed({disk: grown})
            known = context.volumes(vmid)[entry["volume"]]
            # Committed before it is done, so that the next start can finish what a crash cut off.
            _put_size(context, vmid, config, replace(known, size=after))
            try:
                grow_volumes(context, vmid, (known.volid,), log)
            except RuntimeFailureError:
                _put_size(context, vmid, now.config, known)
                raise

    return context.start_task("resize", vmid, caller, work)


def _given_size(size: str) -> int:
    try:
        return parse_size(size.removeprefix("+"))
    except ValueError as error:
        raise invalid("size", str(error)) from error


def _put_size(context: Context, vmid: int, config: GuestConfig, volume: VolumeRecord) -> None:
    with context.state.transaction() as transaction:
        transaction.put_config(vmid, config)
        transaction.put_volume(volume)


def grow_volumes(context: Context, vmid: int, volids: Collection[str], log: TaskLog) -> None:
    """Give volumes the sizes that the configuration says."""
    guest = guest_of(vmid, context.guest(vmid).config)
    for volume in guest.volumes:
        if volume.volid in volids:
            context.runtime.resize(guest, volume, log=log)
