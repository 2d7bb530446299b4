"""Locks in a guest's configuration, which others see while a task works on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from homelab.lab.failures import ApiFailureError
from homelab.lab.node.context import Context
from homelab.lab.state.database import GuestRecord, StateError
from homelab.pve.guest_config import GuestConfig

_PATIENCE = 120.0
"""Seconds that a task waits for other work on its guest."""

TASKS = {
    "vzsnapshot": "snapshot",
    "vzdelsnapshot": "snapshot-delete",
    "vzrollback": "rollback",
    "vzdump": "backup",
    "vzmigrate": "migrate",
    "vzclone": "disk",
    "vztemplate": "disk",
}
"""The lock that a task of a type leaves when it is cut off."""


def check_lock(config: GuestConfig) -> None:
    """Refuse work on a guest that other work has locked.

    Raises:
        ApiFailureError: PVE's text.
    """
    lock = config.options.get("lock")
    if lock:
        raise ApiFailureError(f"CT is locked ({lock})")


@contextmanager
def held(context: Context, vmid: int, *, damaged: bool = False) -> Iterator[GuestRecord]:
    """Hold a guest for a task, however it is marked; gives the guest as it is.

    One that is to be destroyed may be `damaged`.

    Raises:
        ApiFailureError: other work holds it, or there is none.
    """
    with context.locks.held(vmid, timeout=_PATIENCE):
        yield context.guest(vmid, damaged=damaged)


@contextmanager
def locked(context: Context, vmid: int, lock: str) -> Iterator[GuestRecord]:
    """Hold a guest for a task, and show why; gives the guest as it was before.

    Raises:
        ApiFailureError: other work holds it.
    """
    with held(context, vmid) as record:
        check_lock(record.config)
        with context.state.transaction() as transaction:
            transaction.put_config(vmid, record.config.changed({"lock": lock}))
        try:
            yield record
        finally:
            unlock(context, vmid, lock)


def unlock(context: Context, vmid: int, lock: str) -> None:
    """Take that lock off, where it still is; when the disk is full, the next use does it."""
    context.stale_locks[vmid] = lock
    with suppress(StateError):
        context.take_off_stale_lock(vmid)
