"""Moving guests between the nodes of the cluster."""

from __future__ import annotations

from homelab.lab.access.tickets import Caller
from homelab.lab.failures import ApiFailureError, invalid
from homelab.lab.guests import power
from homelab.lab.guests.locks import check_lock, locked
from homelab.lab.node.context import Context
from homelab.lab.runtime import TaskLog
from homelab.pve.upid import Upid


def check_target(context: Context, target: str) -> None:
    """Refuse a node that a guest can't be moved to.

    Raises:
        ApiFailureError: PVE's text.
    """
    if target == context.node:
        raise invalid("target", "target is local node.")
    if target not in context.nodes:
        raise ApiFailureError(f"no such cluster node '{target}'")
    if target in context.faults.down:
        raise ApiFailureError(f"node '{target}' is not online")


def migrate(
    context: Context,
    caller: Caller,
    vmid: int,
    target: str,
    *,
    online: bool,
    restart: bool,
    timeout: float,
) -> Upid:
    """Move a guest to another node, in a task; one that runs must be allowed to restart."""
    check_target(context, target)
    check_lock(context.guest(vmid).config)
    if vmid in context.running() and not (online or restart):
        raise ApiFailureError("can't migrate running container without --online or --restart")
    there = context.at(target)

    def work(log: TaskLog) -> None:
        running = vmid in context.running()
        if running and online and not restart:
            raise ApiFailureError("lxc live migration is currently not implemented")
        if running:
            log(f"shutdown CT {vmid}")
            power.shut_down_now(context, vmid, log, timeout=timeout)
        with locked(context, vmid, "migrate") as record:
            log(f"starting migration of CT {vmid} to node '{target}'")
            for volid in record.config.volumes():
                log(f"volume '{volid}' is '{volid}' on the target")
            with context.state.transaction() as transaction:
                transaction.put_config(vmid, record.config)
                transaction.put_node(vmid, target)
        if running:
            log(f"start container on target node '{target}'")
            power.start_now(there, vmid, log)
        log("migration finished successfully")

    return context.start_task("vzmigrate", vmid, caller, work)
