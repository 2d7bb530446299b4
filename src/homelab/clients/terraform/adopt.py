"""Taking over what exists but is not in the state.

A Terraform that was killed leaves containers that PVE has made and that no state knows. The next
plan wants to create them, and PVE would refuse. Where a container of the planned vmid has the
planned host name, and is whole, the plan imports it instead. A creation that is still under way is
waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from homelab.clients.proxmox import GuestEntry
from homelab.clients.terraform.client import Import, Terraform
from homelab.clients.terraform.plan import Plan
from homelab.errors import ApiError, ConfigurationError, WaitTimeoutError
from homelab.model.changes import Action, Change
from homelab.polling import wait_until
from homelab.pve.telmate.attributes import POOL


class Node(Protocol):
    """What is asked about the node; `homelab.clients.proxmox.Proxmox` offers it."""

    def resources(self) -> Sequence[GuestEntry]: ...
    def pools(self) -> Sequence[str]: ...
    def config(self, node: str, vmid: int) -> Mapping[str, Any]: ...
    def destroy(self, node: str, vmid: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A plan, and what it takes over; `removed` stayed half made and are made anew."""

    plan: Plan
    imported: tuple[Import, ...] = ()
    removed: tuple[int, ...] = ()


def plan_adopting(
    terraform: Terraform,
    node: Node,
    *,
    remove: Callable[[str, int], None] | None = None,
    patience: float = 60.0,
) -> Adoption:
    """Plan, and plan again with imports when something to be created already exists.

    What is half made is removed by `remove`, else by the node itself. `patience` is for how many seconds a creation that holds a container's lock is waited for.

    Raises:
        ConfigurationError: a planned vmid belongs to a guest of another name.
        TerraformError: Terraform failed.
    """
    plan = terraform.plan()
    creations = [change for change in plan.changes if change.action is Action.CREATE]
    if not creations:
        return Adoption(plan=plan)
    imports, half_made = _existing(creations, node, patience)
    for home, vmid in half_made:
        (remove or node.destroy)(home, vmid)
    if imports:
        plan = terraform.plan(imports=imports)
    return Adoption(
        plan=plan, imported=tuple(imports), removed=tuple(vmid for _, vmid in half_made)
    )


def _existing(
    creations: Sequence[Change], node: Node, patience: float
) -> tuple[list[Import], list[tuple[str, int]]]:
    guests = {guest.vmid: guest for guest in node.resources()}
    pools = set(node.pools())
    imports: list[Import] = []
    half_made: list[tuple[str, int]] = []
    taken: list[str] = []
    for change in creations:
        after = change.after
        if change.type == POOL and after.get("poolid") in pools:
            imports.append(Import(address=change.address, id=f"pools/{after['poolid']}"))
        guest = guests.get(int(after.get("vmid") or 0))
        if not change.is_container or guest is None:
            continue
        if guest.type != "lxc" or guest.name != after.get("hostname"):
            owner = f"{guest.name!r} ({guest.type}) on node {guest.node}"
            taken.append(f"{change.address}: vmid {guest.vmid} belongs to {owner}")
            continue
        found = _settled(node, guest, patience)
        if found is _Found.WHOLE:
            imports.append(Import(address=change.address, id=f"{guest.node}/lxc/{guest.vmid}"))
        elif found is _Found.HALF_MADE:
            half_made.append((guest.node, guest.vmid))
    if taken:
        raise ConfigurationError(
            "vmids in the plan are taken by other guests:\n  " + "\n  ".join(taken),
            hint="choose free vmids in terraform/containers, or remove those guests",
        )
    return imports, half_made


class _Found(Enum):
    WHOLE = auto()
    HALF_MADE = auto()
    GONE = auto()


def _settled(node: Node, guest: GuestEntry, patience: float) -> _Found:
    """What a container has become once no creation holds its lock any more."""

    def look() -> _Found | None:
        try:
            config = node.config(guest.node, guest.vmid)
        except ApiError as error:
            if "does not exist" in error.reason:
                return _Found.GONE
            raise
        return None if config.get("lock") == "create" else _Found.WHOLE

    try:
        return wait_until(look, what=f"the creation of {guest.vmid}", timeout=patience)
    except WaitTimeoutError:
        return _Found.HALF_MADE
