"""Starting and stopping guests."""

from __future__ import annotations

import time

from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError
from homelab.lab.guests.changes import plan_change
from homelab.lab.guests.locks import check_lock, held
from homelab.lab.guests.view import guest_of
from homelab.lab.guests.volumes import carry_out
from homelab.lab.node.context import Context
from homelab.lab.runtime import RuntimeFailureError, TaskLog
from homelab.lab.state.database import GuestRecord
from homelab.pve.upid import Upid

_SLICE = 5.0


def start(context: Context, caller: Caller, vmid: int, *, skip_lock: bool = False) -> Upid:
    """Start a guest in a task."""
    record = context.guest(vmid)
    if not skip_lock:
        check_lock(record.config)
    if record.config.flag("template"):
        raise ApiFailureError("you can't start a CT if it's a template")
    if vmid in context.running():
        raise ApiFailureError(f"CT {vmid} already running")
    return context.start_task("vzstart", vmid, caller, lambda log: start_now(context, vmid, log))


def stop(
    context: Context, caller: Caller, vmid: int, *, overrule: bool, skip_lock: bool = False
) -> Upid:
    """Stop a guest at once, in a task; `overrule` ends a graceful shutdown that is under way."""
    record = context.guest(vmid)
    if overrule and context.tasks.is_active(str(vmid), "vzshutdown", "vzreboot"):
        context.stopping.add(vmid)
    else:
        if not skip_lock:
            check_lock(record.config)
        _require_running(context, "CT", vmid)
    return context.start_task("vzstop", vmid, caller, lambda log: stop_now(context, vmid, log))


def shutdown(context: Context, caller: Caller, vmid: int, *, timeout: float, force: bool) -> Upid:
    """Shut a guest down in a task; `force` stops it when it takes longer than `timeout` seconds."""
    check_lock(context.guest(vmid).config)
    _require_running(context, "CT", vmid)

    def work(log: TaskLog) -> None:
        with held(context, vmid):
            _shut_down(context, vmid, log, timeout=timeout, force=force)

    return context.start_task("vzshutdown", vmid, caller, work)


def reboot(context: Context, caller: Caller, vmid: int, *, timeout: float) -> Upid:
    """Shut a guest down and start it with what was pending, in a task."""
    check_lock(context.guest(vmid).config)
    _require_running(context, "VM", vmid)

    def work(log: TaskLog) -> None:
        with held(context, vmid):
            _shut_down(context, vmid, log, timeout=timeout, force=False)
            _start(context, vmid, log)

    return context.start_task("vzreboot", vmid, caller, work)


def start_now(context: Context, vmid: int, log: TaskLog) -> None:
    """Start a guest in the calling thread; what was pending becomes its configuration."""
    with held(context, vmid):
        _start(context, vmid, log)


def shut_down_now(context: Context, vmid: int, log: TaskLog, *, timeout: float) -> None:
    """Shut a guest down in the calling thread, and stop it when that takes too long."""
    with held(context, vmid):
        _shut_down(context, vmid, log, timeout=timeout, force=True)


def suspend(context: Context, caller: Caller, vmid: int) -> Upid:
    """Write a guest's state down and end it, in a task."""
    _require_running(context, "CT", context.guest(vmid).vmid)

    def work(log: TaskLog) -> None:
        with held(context, vmid) as record:
            context.runtime.suspend(guest_of(vmid, record.config), log=log)
            _note(context, record, running=False)

    return context.start_task("vzsuspend", vmid, caller, work)


def resume(context: Context, caller: Caller, vmid: int) -> Upid:
    """Go on from the state that was written down, in a task."""
    if context.guest(vmid).vmid in context.running():
        raise ApiFailureError(f"CT {vmid} already running")

    def work(log: TaskLog) -> None:
        with held(context, vmid) as record:
            context.runtime.resume(guest_of(vmid, record.config), log=log)
            _note(context, record, running=True)

    return context.start_task("vzresume", vmid, caller, work)


def stop_now(context: Context, vmid: int, log: TaskLog) -> None:
    """Stop a guest in the calling thread."""
    with held(context, vmid, damaged=True) as record:
        context.runtime.stop(guest_of(vmid, record.config), log=log)
        _note(context, record, running=False)
        context.stopping.discard(vmid)


def _start(context: Context, vmid: int, log: TaskLog) -> None:
    record = context.guest(vmid)
    known = context.volumes(vmid)
    change = plan_change(vmid, record.config, running=False, volumes=known)
    guest = guest_of(vmid, change.config)
    if change.config != record.config:
        carry_out(context, record, change, log)
    try:
        context.runtime.start(guest, log=log)
    except RuntimeFailureError as error:
        log(error.message)
        raise ApiFailureError(f"startup for container '{vmid}' failed") from error
    _note(context, record, running=True)


def _shut_down(context: Context, vmid: int, log: TaskLog, *, timeout: float, force: bool) -> None:
    record = context.guest(vmid)
    guest = guest_of(vmid, record.config)
    deadline = time.monotonic() + timeout
    while vmid not in context.stopping:
        left = deadline - time.monotonic()
        if context.runtime.shutdown(guest, timeout=min(_SLICE, max(left, 0.1)), log=log):
            _note(context, record, running=False)
            return
        if left <= 0:
            break
    if vmid in context.stopping:
        raise ApiFailureError("interrupted by a stop request")
    if not force:
        raise ApiFailureError(f"CT {vmid} did not shut down within {timeout:g} s - got timeout")
    log("shutdown timed out, stopping")
    context.runtime.stop(guest, log=log)
    _note(context, record, running=False)


def _require_running(context: Context, noun: str, vmid: int) -> None:
    if vmid not in context.running():
        raise ApiFailureError(f"{noun} {vmid} not running")


def _note(context: Context, record: GuestRecord, *, running: bool) -> None:
    with context.state.transaction() as transaction:
        transaction.put_running(record.vmid, running=running)
