"""Which privileges a plan needs, for which of its items, and which of its lines are root@pam's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from homelab.model.changes import Action, Change
from homelab.pve.release import DEFAULT_RELEASE, Release
from homelab.pve.telmate.attributes import POOL
from homelab.pve.telmate.privileges import (
    Need,
    creation_needs,
    merged,
    places,
    removal_needs,
    root_only_attributes,
    update_needs,
)
from homelab.pve.terraform_privileges import PRIVILEGES

PROVIDER = "the provider's own check (pm_minimum_permission_check)"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootOnly:
    """A line that Proxmox VE accepts from root@pam's own ticket only."""

    item: str
    attribute: str
    why: str


def needs_of(
    changes: Iterable[Change],
    *,
    resources: Iterable[Change] = (),
    provider: Mapping[str, Any] | None = None,
    release: Release = DEFAULT_RELEASE,
) -> tuple[Need, ...]:
    """The privileges that applying these changes takes, merged and sorted.

    `resources` are all of the plan's: what does not change is read as well, by the next plan at
    least. `provider` holds the provider block's literal arguments.
    """
    changing = ((need, change.name) for change in changes for need in _needs(change, release))
    return merged((*_minimum(provider or {}), *changing, *_reads(resources)))


def root_only_lines(changes: Iterable[Change]) -> tuple[RootOnly, ...]:
    """What only root@pam may set, with the reason in PVE's words."""
    return tuple(
        RootOnly(item=change.name, attribute=attribute, why=why)
        for change in changes
        if change.is_container and change.action in {Action.CREATE, Action.REPLACE, Action.UPDATE}
        for attribute, why in root_only_attributes(
            change.before if change.action is Action.UPDATE else None, change.after
        )
    )


def _minimum(provider: Mapping[str, Any]) -> Iterator[tuple[Need, str]]:
    if provider.get("pm_minimum_permission_check") is False:
        return
    wanted = provider.get("pm_minimum_permission_list")
    names = wanted if isinstance(wanted, list) and wanted else PRIVILEGES
    for name in names:
        yield Need(("/",), (str(name),)), PROVIDER


def _reads(resources: Iterable[Change]) -> Iterator[tuple[Need, str]]:
    for resource in resources:
        before = resource.before
        if before and resource.type == POOL:
            yield Need((f"/pool/{before.get('poolid')}",), ("Pool.Audit",)), resource.address
        elif before and resource.is_container:
            yield Need(places(before), ("VM.Audit",)), str(before.get("hostname"))


def _needs(change: Change, release: Release) -> Iterator[Need]:
    if change.type == POOL:
        yield from _pool(change)
    elif change.is_container:
        match change.action:
            case Action.CREATE:
                yield from creation_needs(change.after, release)
            case Action.REPLACE:
                yield from removal_needs(change.before)
                yield from creation_needs(change.after, release)
            case Action.DELETE:
                yield from removal_needs(change.before)
            case Action.UPDATE:
                yield from update_needs(change.before, change.after, release)
            case Action.ADOPT:
                yield Need(places(change.after), ("VM.Audit",))


def _pool(change: Change) -> Iterator[Need]:
    path = f"/pool/{(change.after or change.before).get('poolid')}"
    if change.action is not Action.ADOPT:
        yield Need((path,), ("Pool.Allocate",))
    yield Need((path,), ("Pool.Audit",))
