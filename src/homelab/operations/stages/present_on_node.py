"""What a plan needs to find on the node: nodes, templates, storages, bridges; asked before apply.

Without it each container fails by itself, halfway through an apply, with the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Protocol
from urllib.parse import quote

from homelab.errors import ApiError, HomelabError
from homelab.model.changes import Action, Change
from homelab.pve.guest_privileges import bridge_path
from homelab.wording import listed, some_of

_MAKES = frozenset({Action.CREATE, Action.REPLACE})
_SHOWN = 5


class Node(Protocol):
    """What is asked; `homelab.clients.proxmox.Proxmox` offers it."""

    def nodes(self) -> tuple[str, ...]: ...
    def get(self, path: str) -> Any: ...


class MissingOnNodeError(HomelabError):
    """A plan needs what the node does not have; `missing` has a line each."""

    def __init__(self, missing: Iterable[str]) -> None:
        self.missing = tuple(missing)
        count = len(self.missing)
        super().__init__(
            f"{count} {'thing is' if count == 1 else 'things are'} missing on the node:"
            f"{listed(self.missing)}",
            hint="make it available there, or name what the node has in homelab.toml (node, "
            "storage, template) or in terraform/",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """Something that has to be on a node."""

    node: str
    kind: str
    name: str


def require_present(node: Node, changes: Iterable[Change]) -> None:
    """Let a plan pass whose new containers find all that they are made from.

    What the credentials may not look at is not checked: PVE leaves it out of its lists, and it is
    the privileges that are missing.

    Raises:
        MissingOnNodeError: lists what is missing, what there is instead, and who needs it.
    """
    needs: dict[_Need, list[str]] = {}
    for change in changes:
        if change.is_container and change.action in _MAKES:
            for need in _needs(change.after):
                needs.setdefault(need, []).append(change.name)
    if not needs:
        return

    present = cache(partial(_present, node))
    known = frozenset(node.nodes())
    missing: list[str] = []
    there: frozenset[str] | None
    for need, names in needs.items():
        if need.kind == "node":
            there, where = known, ""
        elif need.node in known:
            there, where = present(need.node, need.kind), f" of node {need.node}"
        else:
            continue
        if there is not None and need.name not in there and _is_seen(node, need):
            missing.append(
                f"{need.kind} {need.name!r}{where}, for {some_of(sorted(names), _SHOWN)}; "
                f"there is: {', '.join(sorted(there)) or 'none'}"
            )
    if missing:
        raise MissingOnNodeError(missing)


def _needs(after: Mapping[str, Any]) -> set[_Need]:
    node_name = after.get("target_node")
    if not isinstance(node_name, str):
        return set()
    found = {("node", node_name)}
    if template := after.get("ostemplate"):
        found.add(("template", template))
    for volume in (*(after.get("rootfs") or ()), *(after.get("mountpoint") or ())):
        storage = volume.get("storage")
        if storage and not storage.startswith("/"):
            found.add(("storage", storage))
    for network in after.get("network") or ():
        if network.get("bridge"):
            found.add(("bridge", network["bridge"]))
    return {_Need(node=node_name, kind=kind, name=name) for kind, name in found}


def _is_seen(node: Node, need: _Need) -> bool:
    """Whether the credentials would see it if it was there."""
    storage = need.name.partition(":")[0]
    match need.kind:
        case "node":
            return True
        case "bridge":
            path, any_of = bridge_path(need.name), ("SDN.Audit", "SDN.Use")
        case _:
            path, any_of = f"/storage/{storage}", ("Datastore.Audit", "Datastore.AllocateSpace")
    try:
        held = node.get(f"access/permissions?path={quote(path)}") or {}
    except ApiError:
        return False
    return not set(any_of).isdisjoint(held.get(path, {}))


def _present(node: Node, node_name: str, kind: str) -> frozenset[str] | None:
    """What there is of a kind; None when the credentials may not see it."""
    try:
        match kind:
            case "storage":
                storages = node.get(f"nodes/{node_name}/storage")
                return frozenset(str(entry["storage"]) for entry in storages)
            case "template":
                offering = node.get(f"nodes/{node_name}/storage?content=vztmpl")
                return frozenset(
                    str(entry["volid"])
                    for storage in offering
                    for entry in node.get(
                        f"nodes/{node_name}/storage/{storage['storage']}/content?content=vztmpl"
                    )
                )
            case _:
                bridges = node.get(f"nodes/{node_name}/network?type=any_bridge")
                return frozenset(str(entry["iface"]) for entry in bridges)
    except ApiError as error:
        if error.status == 403:
            return None
        raise
