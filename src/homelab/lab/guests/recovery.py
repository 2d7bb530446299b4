"""What the server does before it answers: finish what was cut off, and start what starts at boot."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress

from homelab.errors import HomelabError
from homelab.lab.access.tickets import ROOT, Caller
from homelab.lab.failures import ApiFailureError, damaged_guest
from homelab.lab.guests import clone, locks, power, snapshots, volumes
from homelab.lab.guests.configuration import grow_volumes
from homelab.lab.guests.removal import discard
from homelab.lab.guests.view import guest_of
from homelab.lab.node.context import Context
from homelab.lab.runtime import RuntimeFailureError, TaskLog
from homelab.lab.state.database import GuestRecord, State
from homelab.pve.guest_options import startup_order
from homelab.pve.upid import Upid

_log = logging.getLogger(__name__)

_BOOTED = "booted"
"""Setting: the boot id of the node that has started what it starts at boot."""
_ROOT = Caller(user=ROOT)
_LONGEST_DELAY = 86400
"""Seconds between two starts at boot, whatever a guest asks for."""


def recover(context: Context, boot_id: str) -> None:
    """Bring state and containers together after any kind of end of the last server.

    A node whose boot id was not seen before came up meanwhile, and starts what starts at boot; one
    whose server was ended before it was through with that goes on.
    """
    cut = context.tasks.cut_off()
    for record in context.state.guests():
        if record.damage is not None:
            _log.warning("%s", damaged_guest(record.vmid, record.damage).message)
        elif record.config.options.get("lock") in {"create", "destroyed"}:
            _finish_removal(context, record)
        else:
            _finish_changes(context, record, [u for u in cut if u.id == str(record.vmid)])
    for upid in cut:
        _log.warning("the task %s was cut off", upid)
        lock = locks.TASKS.get(upid.type)
        if lock is not None and upid.id.isascii() and upid.id.isdecimal():
            locks.unlock(context, int(upid.id), lock)
    context.tasks.recover()
    _look(context)
    if context.state.meta(_BOOTED) != boot_id:
        _start_guests(context, boot_id)


def halt(context: Context) -> None:
    """Take the node down in order."""
    context.runtime.shut_node(
        [guest_of(record.vmid, record.config) for record in context.state.guests()]
    )
    note_halt(context.state)


def note_halt(state: State) -> None:
    """Remember that the node went down in order, with everything on it."""
    with state.transaction() as transaction:
        for record in state.guests():
            transaction.put_running(record.vmid, running=False)


def _finish_removal(everywhere: Context, record: GuestRecord) -> None:
    context = everywhere.at(everywhere.node_of(record))
    try:
        power.stop_now(context, record.vmid, _log_line)
        discard(context, record.vmid, _log_line)
    except (RuntimeFailureError, ApiFailureError) as error:
        context.leftovers.add(record.vmid)
        _log.warning("can't remove the rest of CT %s: %s", record.vmid, error.message)


def _finish_changes(everywhere: Context, record: GuestRecord, cut: Sequence[Upid]) -> None:
    """Make whole, or undo, what a crash left half done in a guest's volumes."""
    vmid = record.vmid
    context = everywhere.at(everywhere.node_of(record))
    kinds = {upid.type for upid in cut}
    try:
        snapshots.finish(context, vmid, _log_line)
        if "vztemplate" in kinds:
            clone.finish_template(context, vmid, _log_line)
        volumes.forget_leftovers(context, context.guest(vmid), _log_line)
        if "resize" in kinds:
            grow_volumes(context, vmid, context.volumes(vmid), _log_line)
    except (RuntimeFailureError, ApiFailureError) as error:
        _log.warning("can't finish the changes of CT %s: %s", vmid, error.message)


def _look(context: Context) -> None:
    running = context.running()
    with context.state.transaction() as transaction:
        for record in context.state.guests():
            transaction.put_running(record.vmid, running=record.vmid in running)


def _start_guests(context: Context, boot_id: str) -> None:
    """Start guests with onboot=1 in a task, one after the other, by their start order."""

    def end() -> None:
        with context.state.transaction() as transaction:
            transaction.put_meta(_BOOTED, boot_id)

    waiting = sorted(
        (startup_order(record.config.options.get("startup")), record.vmid)
        for record in context.state.guests()
        if record.damage is None
        and record.config.flag("onboot")
        and not record.config.flag("template")
        and not record.running
    )
    if not waiting:
        end()
        return

    def work(log: TaskLog) -> None:
        for (order, delay), vmid in waiting:
            log(f"Starting CT {vmid}" + (f" (order {order})" if order < 10**9 else ""))
            with suppress(HomelabError):
                _start_one(context, vmid)
            time.sleep(min(delay, _LONGEST_DELAY))
        end()

    with context.state.transaction() as transaction:
        upid = context.register(transaction, "startall", "", _ROOT)
    context.tasks.run(upid, work, waits=True)


def _start_one(everywhere: Context, vmid: int) -> None:
    record = everywhere.state.guest(vmid)
    if record is None:
        return
    context = everywhere.at(everywhere.node_of(record))
    with context.state.transaction() as transaction:
        upid = context.register(transaction, "vzstart", vmid, _ROOT)
    context.tasks.run_here(upid, lambda log: power.start_now(context, vmid, log))


def _log_line(line: str) -> None:
    _log.info("%s", line)
