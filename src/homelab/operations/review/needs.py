"""Which privileges a plan needs, on which paths, and which of its lines are root@pam's alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from homelab.operations.review.impact import option_changes
from homelab.policy.values import ChangeView
from homelab.pve.guest_privileges import (
    CREATE_PRIVILEGED,
    READ_TEMPLATE,
    bridge_path,
    bridge_privilege,
    option_privilege,
    root_only,
)
from homelab.pve.release import DEFAULT_RELEASE, Release
from homelab.pve.terraform_privileges import PRIVILEGES

PROVIDER = "the provider's own check (pm_minimum_permission_check)"

_CREATE_OPTIONS = (
    "cmode",
    "console",
    "cores",
    "cpulimit",
    "cpuunits",
    "hostname",
    "memory",
    "onboot",
    "protection",
    "startup",
    "swap",
    "tags",
    "tty",
    "nameserver",
    "searchdomain",
    "hookscript",
    "description",
)
_ALWAYS = frozenset(
    {"console", "cpulimit", "cpuunits", "memory", "onboot", "protection", "swap", "tty"}
)
_ROOT_FEATURES = ("keyctl", "fuse", "mknod", "mount")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RootOnly:
    """A line that Proxmox VE accepts from root@pam's own ticket only."""

    item: str
    attribute: str
    why: str


def needs_of(
    changes: Iterable[ChangeView],
    *,
    document: Mapping[str, Any] | None = None,
    provider: Mapping[str, Any] | None = None,
    release: Release = DEFAULT_RELEASE,
) -> tuple[Need, ...]:
    """The privileges that applying these changes takes, merged and sorted.

    `document` is the whole plan: what does not change is read as well, by the next plan at least.
    `provider` holds the provider block's literal arguments.
    """
    merged: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[str, None]] = {}
    reads = _reads(document or {})
    for need in (*_minimum(provider or {}), *_all(changes, release), *reads):
        merged.setdefault((need.paths, need.any_of), {}).update(dict.fromkeys(need.items))
    return tuple(Need(*key, tuple(items)) for key, items in sorted(merged.items()))


def root_only_lines(changes: Iterable[ChangeView]) -> tuple[RootOnly, ...]:
    """What only root@pam may set, with the reason in PVE's words."""
    return tuple(_root_only(changes))


def _minimum(provider: Mapping[str, Any]) -> Iterator[Need]:
    if provider.get("pm_minimum_permission_check") is False:
        return
    wanted = provider.get("pm_minimum_permission_list")
    names = wanted if isinstance(wanted, list) and wanted else PRIVILEGES
    for name in names:
        yield Need(("/",), (str(name),), (PROVIDER,))


def _reads(document: Mapping[str, Any]) -> Iterator[Need]:
    for resource in document.get("resource_changes") or ():
        values = (resource.get("change") or {}).get("before")
        if not isinstance(values, Mapping):
            continue
        if resource.get("type") == "proxmox_pool":
            item = (str(resource.get("address")),)
            yield Need((f"/pool/{values.get('poolid')}",), ("Pool.Audit",), item)
        elif resource.get("type") == "proxmox_lxc":
            yield Need(_places(values), ("VM.Audit",), (str(values.get("hostname")),))


def _all(changes: Iterable[ChangeView], release: Release) -> Iterator[Need]:
    for change in changes:
        if change.type == "proxmox_pool":
            yield from _pool(change)
        elif change.is_container:
            match change.action:
                case "create":
                    yield from _creation(change, release)
                case "replace":
                    yield from _removal(change)
                    yield from _creation(change, release)
                case "delete":
                    yield from _removal(change)
                case "update":
                    yield from _update(change, release)
                case "adopt":
                    yield Need(_places(change.after), ("VM.Audit",), (change.name,))


def _pool(change: ChangeView) -> Iterator[Need]:
    name = (change.after or change.before).get("poolid")
    if change.action != "adopt":
        yield Need((f"/pool/{name}",), ("Pool.Allocate",), (change.name,))
    yield Need((f"/pool/{name}",), ("Pool.Audit",), (change.name,))


def _creation(change: ChangeView, release: Release) -> Iterator[Need]:
    values, item = change.after, (change.name,)
    places = _places(values)
    yield Need(places, ("VM.Allocate",), item)
    yield Need(places, ("VM.Audit",), item)
    options = [name for name in _CREATE_OPTIONS if name in _ALWAYS or values.get(name)]
    features = _blocks(values, "features")
    options += (
        ["features"] if any(value for value in (features[0] if features else {}).values()) else []
    )
    volumes = _blocks(values, "rootfs") + _blocks(values, "mountpoint")
    options += ["rootfs"] if volumes else []
    networks = _blocks(values, "network")
    options += ["net0"] if networks else []
    for option in options:
        yield Need(places, (option_privilege(option),), item)
    yield from _space(volumes, item)
    yield from _bridges(networks, item, release)
    template = str(values.get("ostemplate") or "")
    if ":" in template:
        yield Need((f"/storage/{template.partition(':')[0]}",), READ_TEMPLATE, item)
    if not values.get("unprivileged"):
        path, privilege = CREATE_PRIVILEGED
        yield Need((path,), (privilege,), item)


def _removal(change: ChangeView) -> Iterator[Need]:
    places, item = _places(change.before), (change.name,)
    for privilege in ("VM.Allocate", "VM.Audit", "VM.PowerMgmt"):
        yield Need(places, (privilege,), item)
    if change.before.get("protection"):
        yield Need(places, (option_privilege("protection"),), item)


def _update(change: ChangeView, release: Release) -> Iterator[Need]:
    before, after, item = change.before, change.after, (change.name,)
    places = _places(before)
    yield Need(places, ("VM.Audit",), item)
    for changed in option_changes(before, after):
        if changed.option == "start":
            yield Need(places, ("VM.PowerMgmt",), item)
        elif changed.option == "pool":
            for name in (before.get("pool"), after.get("pool")):
                if name:
                    yield Need((f"/pool/{name}",), ("Pool.Allocate",), item)
        elif changed.option != "unprivileged":
            yield Need(places, (option_privilege(changed.option),), item)
    known = {mount.get("slot") for mount in _blocks(before, "mountpoint")}
    added = [mount for mount in _blocks(after, "mountpoint") if mount.get("slot") not in known]
    yield from _space(added, item)
    if _blocks(before, "network") != _blocks(after, "network"):
        yield from _bridges(_blocks(after, "network"), item, release)


def _space(volumes: Iterable[Mapping[str, Any]], item: tuple[str, ...]) -> Iterator[Need]:
    for volume in volumes:
        if volume.get("storage"):
            yield Need((f"/storage/{volume['storage']}",), ("Datastore.AllocateSpace",), item)


def _bridges(
    networks: Iterable[Mapping[str, Any]], item: tuple[str, ...], release: Release
) -> Iterator[Need]:
    privilege = bridge_privilege(release)
    for network in networks:
        if privilege is not None and network.get("bridge"):
            yield Need((bridge_path(network["bridge"], network.get("tag")),), (privilege,), item)


def _places(values: Mapping[str, Any]) -> tuple[str, ...]:
    guest = f"/vms/{values.get('vmid') or '?'}"
    pool = values.get("pool")
    return (f"/pool/{pool}", guest) if pool else (guest,)


def _blocks(values: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [block for block in values.get(name) or () if isinstance(block, Mapping)]


def _root_only(changes: Iterable[ChangeView]) -> Iterator[RootOnly]:
    for change in changes:
        if not change.is_container or change.action not in {"create", "replace", "update"}:
            continue
        creating = change.action != "update"
        before = {} if creating else change.before
        wanted = (_blocks(change.after, "features") or [{}])[0]
        known = (_blocks(before, "features") or [{}])[0]
        for name in ("nesting", *_ROOT_FEATURES):
            changed = (wanted.get(name) or None) != (known.get(name) or None)
            if changed and not change.after.get("unprivileged"):
                why = "changing feature flags for privileged container is only allowed for root@pam"
                yield RootOnly(item=change.name, attribute=f"features.{name}", why=why)
            elif changed and name != "nesting":
                why = "changing feature flags (except nesting) is only allowed for root@pam"
                yield RootOnly(item=change.name, attribute=f"features.{name}", why=why)
        script = change.after.get("hookscript")
        if script and script != before.get("hookscript"):
            why = root_only("hookscript", str(script)) or ""
            yield RootOnly(item=change.name, attribute="hookscript", why=why)
        mounts = _blocks(before, "mountpoint")
        for index, mount in enumerate(_blocks(change.after, "mountpoint")):
            source = str(mount.get("volume") or mount.get("storage") or "")
            why = root_only(f"mp{index}", source) or ""
            if why and mount not in mounts:
                yield RootOnly(item=change.name, attribute=f"mountpoint[{index}]", why=why)
