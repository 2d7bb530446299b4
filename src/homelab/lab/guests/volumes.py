"""Carrying out a change of a guest, so that a crash leaves no volume that nobody names.

A volume is recorded before it is made, and its record goes after it was removed. Whatever is
recorded and named by no configuration is therefore left from a change that was cut off.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from homelab.errors import HomelabError
from homelab.lab.failures import ApiFailureError
from homelab.lab.guests.changes import Change
from homelab.lab.guests.view import guest_of
from homelab.lab.node.context import Context
from homelab.lab.runtime import Guest, RuntimeFailureError, TaskLog, Volume
from homelab.lab.state.database import GuestRecord, StateError
from homelab.lab.state.snapshots import snapshots
from homelab.pve.volumes import VolumeId

_log = logging.getLogger(__name__)


def carry_out(context: Context, record: GuestRecord, change: Change, log: TaskLog) -> None:
    """Let the runtime follow, then commit; the runtime goes back when that fails.

    The guest's lock is held.

    Raises:
        ApiFailureError: the runtime's text; nothing was changed.
        StateError: it could not be saved; nothing was changed.
    """
    vmid = record.vmid
    if change.made or change.removed:
        forget_leftovers(context, record, log)
    if change.made:
        with context.state.transaction() as transaction:
            for volume in change.made:
                transaction.put_volume(volume)
    new = guest_of(vmid, change.config)
    kept = {volume.volid for volume in new.volumes}
    current = guest_of(vmid, record.config)
    old = replace(current, volumes=tuple(v for v in current.volumes if v.volid in kept))
    try:
        if old != new:
            context.runtime.apply(old, new, log=log)
        with context.state.transaction() as transaction:
            transaction.put_config(vmid, change.config)
    except (RuntimeFailureError, StateError) as error:
        with suppress(HomelabError):
            if old != new:
                context.runtime.apply(new, old, log=log)
            forget_leftovers(context, record, log)
        if isinstance(error, StateError):
            raise
        raise ApiFailureError(error.message) from error
    if change.removed:
        try:
            forget_leftovers(context, context.guest(vmid), log)
        except HomelabError as error:  # they are removed later
            _log.warning("can't remove the volumes of CT %s yet: %s", vmid, error.message)


def forget_leftovers(context: Context, record: GuestRecord, log: TaskLog) -> None:
    """Remove the volumes that are recorded for a guest and named by no configuration."""
    vmid = record.vmid
    named = set(record.config.volumes())
    for snapshot in snapshots(context.state, vmid).values():
        if snapshot.damage is not None:  # which volumes it names is not known
            return
        named.update(snapshot.config.volumes())
    left = [v.volid for v in context.state.volumes(vmid) if v.volid not in named]
    if not left:
        return
    guest = guest_of(vmid, record.config)
    there = [volid for volid in left if VolumeId.find(volid) is not None]
    if there:
        context.runtime.apply(with_unused(guest, there), guest, log=log)
    with context.state.transaction() as transaction:
        for volid in left:
            transaction.remove_volume(volid)


def with_unused(guest: Guest, volids: Iterable[str]) -> Guest:
    """The guest with volumes that it does not have mounted."""
    unused = (
        Volume(volid=volid, path=f"/unused/{number}", size=0) for number, volid in enumerate(volids)
    )
    return replace(guest, volumes=(*guest.volumes, *unused))
