"""The privileges that making, changing and removing a container takes, and what is root@pam's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from homelab.pve.guest_change import READ_ONLY, Step, Verb
from homelab.pve.guest_config import index_of
from homelab.pve.guest_privileges import (
    CREATE_PRIVILEGED,
    READ_TEMPLATE,
    UNCHECKED,
    bridge_path,
    bridge_privilege,
    option_privilege,
    root_only,
    root_only_features,
)
from homelab.pve.release import DEFAULT_RELEASE, Release
from homelab.pve.telmate.attributes import FEATURES
from homelab.pve.telmate.steps import creation_steps, update_steps


@dataclass(frozen=True, slots=True)
class Need:
    """A privilege: one of `any_of` on one of `paths`."""

    paths: tuple[str, ...]
    """The first is the narrowest place to grant it for all containers of a pool."""
    any_of: tuple[str, ...]
    items: tuple[str, ...] = field(default=(), compare=False)
    """For which containers or other things."""

    def __str__(self) -> str:
        return f"{'|'.join(self.any_of)} on {' or '.join(self.paths)}"


def places(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a privilege on a container may be granted: its pool, or itself."""
    guest = f"/vms/{values.get('vmid') or '?'}"
    pool = values.get("pool")
    return (f"/pool/{pool}", guest) if pool else (guest,)


def creation_needs(values: Mapping[str, Any], release: Release = DEFAULT_RELEASE) -> Iterator[Need]:
    """What making a container takes."""
    where = places(values)
    yield Need(where, ("VM.Allocate",))
    yield Need(where, ("VM.Audit",))
    for step in creation_steps(values):
        if step.option not in UNCHECKED:
            yield from _step(step, where, release)
    storage, colon, _ = str(values.get("ostemplate") or "").partition(":")
    if colon:
        yield Need((f"/storage/{storage}",), READ_TEMPLATE)
    if not values.get("unprivileged"):
        path, privilege = CREATE_PRIVILEGED
        yield Need((path,), (privilege,))


def update_needs(
    before: Mapping[str, Any], after: Mapping[str, Any], release: Release = DEFAULT_RELEASE
) -> Iterator[Need]:
    """What changing a container takes."""
    where = places(before)
    yield Need(where, ("VM.Audit",))
    for step in update_steps(before, after):
        if step.option not in READ_ONLY:
            yield from _step(step, where, release)


def removal_needs(before: Mapping[str, Any]) -> Iterator[Need]:
    """What removing a container takes, and lifting its protection before."""
    for privilege in ("VM.Allocate", "VM.Audit", "VM.PowerMgmt"):
        yield Need(places(before), (privilege,))
    if before.get("protection"):
        yield Need(places(before), (option_privilege("protection"),))


def root_only_attributes(
    before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """The attributes that only root@pam's own ticket may set so, each with PVE's reason.

    `before` is None where the container is made.
    """
    steps = creation_steps(after) if before is None else update_steps(before, after)
    for step in sorted(steps, key=lambda step: step.option != "features"):
        if step.option == "features":
            yield from _root_only_features(step, privileged=not after.get("unprivileged"))
        elif step.verb in {Verb.SET, Verb.DELETE}:
            why = root_only(step.option, _source(step.wanted))
            if why is not None:
                yield step.attribute, why


def _root_only_features(step: Step, *, privileged: bool) -> Iterator[tuple[str, str]]:
    wanted, known = step.wanted or {}, step.known or {}
    for name in FEATURES:
        alone = [{name: str(flags[name])} if name in flags else {} for flags in (wanted, known)]
        why = root_only_features(*alone, privileged=privileged)
        if why is not None:
            yield f"features.{name}", why


def _step(step: Step, where: tuple[str, ...], release: Release) -> Iterator[Need]:
    match step.verb:
        case Verb.START | Verb.STOP:
            yield Need(where, ("VM.PowerMgmt",))
        case Verb.POOL:
            for name in (step.known, step.wanted):
                if name:
                    yield Need((f"/pool/{name}",), ("Pool.Allocate",))
        case _:
            yield Need(where, (option_privilege(step.option),))
            if step.verb is Verb.SET:
                yield from _resources(step, release)
            elif step.verb is Verb.RESIZE:
                yield from _space(step.known.get("storage"))
            elif step.verb is Verb.MOVE:
                yield from _space(step.wanted)


def _resources(step: Step, release: Release) -> Iterator[Need]:
    """What else is used: the storage of a new volume, the bridge of an interface."""
    if index_of(step.option, "net") is not None:
        privilege, bridge = bridge_privilege(release), step.wanted.get("bridge")
        if privilege is not None and bridge:
            yield Need((bridge_path(bridge, step.wanted.get("tag")),), (privilege,))
    elif step.known is None and _is_volume(step.option):
        yield from _space(step.wanted.get("storage"))


def _space(storage: object) -> Iterator[Need]:
    """Room on a storage (PVE::API2::LXC resize_vm and move_volume, PVE::LXC for new volumes)."""
    if isinstance(storage, str) and storage and not storage.startswith("/"):
        yield Need((f"/storage/{storage}",), ("Datastore.AllocateSpace",))


def _is_volume(option: str) -> bool:
    return option == "rootfs" or index_of(option, "mp") is not None


def _source(wanted: Any) -> str:
    """An option's value as far as root@pam's rules look at it: of a volume, where it comes from."""
    if isinstance(wanted, Mapping):
        return str(wanted.get("volume") or wanted.get("storage") or "")
    return str(wanted or "")


def merged(needs: Iterable[tuple[Need, str]]) -> tuple[Need, ...]:
    """Each need once, sorted, with the items that it is for."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[str, None]] = {}
    for need, item in needs:
        found.setdefault((need.paths, need.any_of), {})[item] = None
    return tuple(Need(*key, tuple(items)) for key, items in sorted(found.items()))
