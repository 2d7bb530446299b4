"""Lifting the protection of containers that are to go, once somebody said that they are."""

from __future__ import annotations

from collections.abc import Iterable

from homelab.clients.proxmox import Proxmox
from homelab.errors import ApiError
from homelab.model.changes import Change


def lift_protection(proxmox: Proxmox, changes: Iterable[Change]) -> tuple[str, ...]:
    """Let go of the protected containers that `changes` delete or replace; their names.

    Proxmox VE refuses to remove a protected container, and Telmate's provider does not ask it to.
    Who calls this has made sure that the removal is wanted.
    """
    lifted = []
    for change in changes:
        before = change.before
        if change.removes and before.get("protection"):
            unprotect(proxmox, str(before["target_node"]), int(before["vmid"]))
            lifted.append(change.name)
    return tuple(lifted)


def unprotect(proxmox: Proxmox, node: str, vmid: int) -> None:
    """Lift one container's protection; nothing happens when there is no such container.

    Raises:
        ApiError: PVE refused.
    """
    try:
        proxmox.update(node, vmid, {"protection": 0})
    except ApiError as error:
        if "does not exist" not in error.reason:
            raise
