"""What Proxmox VE is asked for when a container is made or changed: the one comparison of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from homelab.pve.guest_change import Step, Verb
from homelab.pve.sizes import same_size
from homelab.pve.telmate.attributes import (
    CONFIG_OPTIONS,
    VOLUME_FLAGS,
    blocks,
    features,
    is_unset,
    mount_points,
)

_COMPUTED = ("hwaddr", "type", "trunks")
"""What PVE gives an interface, and what it keeps where nothing else is declared."""


def creation_steps(values: Mapping[str, Any]) -> tuple[Step, ...]:
    """The options that a new container is made with."""
    return tuple(_creation(values))


def update_steps(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Step, ...]:
    """What differs for an existing container."""
    return tuple(_update(before, after))


def _creation(values: Mapping[str, Any]) -> Iterator[Step]:
    for name in (*CONFIG_OPTIONS, "unprivileged"):
        if not is_unset(name, values.get(name)):
            yield _set(name, name, values[name])
    if features(values):
        yield _set("features", "features", features(values))
    for index, network in enumerate(blocks(values, "network")):
        yield _set(f"net{index}", f"network[{index}]", network)
    for root in blocks(values, "rootfs"):
        yield _set("rootfs", "rootfs[0]", root)
    for slot, mount in mount_points(values).items():
        yield _set(f"mp{slot}", f"mountpoint[{slot}]", mount)


def _update(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Step]:
    for name in CONFIG_OPTIONS:
        old, new = before.get(name), after.get(name)
        if (old or None) == (new or None):
            continue
        yield _delete(name, name, old) if is_unset(name, new) else _set(name, name, new, old)
    old, new = bool(before.get("unprivileged")), bool(after.get("unprivileged"))
    if old != new:
        yield _set("unprivileged", "unprivileged", new, old)
    old, new = features(before), features(after)
    if old != new:
        yield (
            _set("features", "features", new, old) if new else _delete("features", "features", old)
        )
    yield from _networks(blocks(before, "network"), blocks(after, "network"))
    for root, wanted in zip(blocks(before, "rootfs"), blocks(after, "rootfs"), strict=False):
        yield from _volume("rootfs", "rootfs[0]", root, wanted)
    yield from _mount_points(mount_points(before), mount_points(after))
    start = after.get("start")
    if start is not None and bool(before.get("start")) != bool(start):
        verb = Verb.START if start else Verb.STOP
        yield Step(verb=verb, option="start", attribute="start", wanted=start)
    old, new = before.get("pool") or None, after.get("pool") or None
    if old != new:
        yield Step(verb=Verb.POOL, option="pool", attribute="pool", wanted=new, known=old)


def _networks(before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]) -> Iterator[Step]:
    for index, wanted in enumerate(after):
        option, attribute = f"net{index}", f"network[{index}]"
        known = before[index] if index < len(before) else None
        if known is None:
            yield _set(option, attribute, wanted)
            continue
        kept = {name: known[name] for name in _COMPUTED if known.get(name) and not wanted.get(name)}
        if _interface({**wanted, **kept}) != _interface(known):
            yield _set(option, attribute, {**wanted, **kept}, known)
    for index in range(len(after), len(before)):
        yield _delete(f"net{index}", f"network[{index}]", before[index])


def _interface(network: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in network.items() if value and name != "id"}


def _mount_points(
    before: Mapping[int, Mapping[str, Any]], after: Mapping[int, Mapping[str, Any]]
) -> Iterator[Step]:
    for slot in sorted(before.keys() - after.keys()):
        yield _delete(f"mp{slot}", f"mountpoint[{slot}]", before[slot])
    for slot, wanted in sorted(after.items()):
        option, attribute = f"mp{slot}", f"mountpoint[{slot}]"
        if slot in before:
            yield from _volume(option, attribute, before[slot], wanted, "mp", "backup")
        else:
            yield _set(option, attribute, wanted)


def _volume(
    option: str, attribute: str, known: Mapping[str, Any], wanted: Mapping[str, Any], *more: str
) -> Iterator[Step]:
    """What differs for a volume that is there; `more` names what is sent besides its flags."""
    if not same_size(known.get("size"), wanted.get("size")):
        yield Step(
            verb=Verb.RESIZE,
            option=option,
            attribute=f"{attribute}.size",
            wanted=wanted.get("size"),
            known=known,
        )
    old, new = known.get("storage"), wanted.get("storage")
    if option != "rootfs" and old and new and old != new:
        yield Step(verb=Verb.MOVE, option=option, attribute=f"{attribute}.storage", wanted=new)
    if any(
        (known.get(name) or None) != (wanted.get(name) or None) for name in (*VOLUME_FLAGS, *more)
    ):
        yield _set(option, attribute, {**wanted, "volume": known.get("volume") or ""}, known)


def _set(option: str, attribute: str, wanted: Any, known: Any = None) -> Step:
    return Step(verb=Verb.SET, option=option, attribute=attribute, wanted=wanted, known=known)


def _delete(option: str, attribute: str, known: Any) -> Step:
    return Step(verb=Verb.DELETE, option=option, attribute=attribute, known=known)
