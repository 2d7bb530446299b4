"""Taking over what exists but is not in the state.

A Terraform that was killed leaves containers that PVE has made and that no state knows. The next
plan wants to create them, and PVE would refuse. Where a container of the planned vmid has the
planned host name, and is whole, the plan imports it instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from homelab.clients.proxmox import GuestEntry
from homelab.clients.terraform import Import, Listener, Terraform, ignore
from homelab.clients.terraform_plan import Change, Plan
from homelab.errors import ConfigurationError


class Node(Protocol):
    """What is asked about the node; `homelab.clients.proxmox.Proxmox` offers it."""

    def resources(self) -> Sequence[GuestEntry]:
        """All guests."""

    def pools(self) -> Sequence[str]:
        """The names of all pools."""

    def config(self, node: str, vmid: int) -> Mapping[str, Any]:
        """A container's configuration."""

    def destroy(self, node: str, vmid: int) -> None:
        """Remove a container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A plan, and what it takes over; `removed` were half made and are made anew."""

    plan: Plan
    imported: tuple[Import, ...] = ()
    removed: tuple[int, ...] = ()


def plan_adopting(terraform: Terraform, node: Node, *, on_event: Listener = ignore) -> Adoption:
    """Plan, and plan again with imports when something to be created already exists.

    Raises:
        ConfigurationError: a planned vmid belongs to a guest of another name.
        TerraformError: Terraform failed.
    """
    plan = terraform.plan(on_event=on_event)
    creations = [change for change in plan.changes if change.actions == ("create",)]
    if not creations:
        return Adoption(plan=plan)
    imports, half_made = _existing(creations, node)
    for home, vmid in half_made:
        node.destroy(home, vmid)
    if imports:
        plan = terraform.plan(imports=imports, on_event=on_event)
    return Adoption(
        plan=plan, imported=tuple(imports), removed=tuple(vmid for _, vmid in half_made)
    )


def _existing(
    creations: Sequence[Change], node: Node
) -> tuple[list[Import], list[tuple[str, int]]]:
    guests = {guest.vmid: guest for guest in node.resources()}
    pools = set(node.pools())
    imports: list[Import] = []
    half_made: list[tuple[str, int]] = []
    taken: list[str] = []
    for change in creations:
        after = change.after or {}
        if change.resource_type == "proxmox_pool" and after.get("poolid") in pools:
            imports.append(Import(address=change.address, id=f"pools/{after['poolid']}"))
        guest = guests.get(int(after.get("vmid") or 0))
        if change.resource_type != "proxmox_lxc" or guest is None:
            continue
        if guest.type != "lxc" or guest.name != after.get("hostname"):
            owner = f"{guest.name!r} ({guest.type}) on node {guest.node}"
            taken.append(f"{change.address}: vmid {guest.vmid} belongs to {owner}")
        elif node.config(guest.node, guest.vmid).get("lock") == "create":
            half_made.append((guest.node, guest.vmid))
        else:
            imports.append(Import(address=change.address, id=f"{guest.node}/lxc/{guest.vmid}"))
    if taken:
        raise ConfigurationError(
            "vmids in the plan are taken by other guests:\n  " + "\n  ".join(taken),
            hint="choose free vmids in terraform/containers, or remove those guests",
        )
    return imports, half_made
