"""What a change takes away: containers with data, and volumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from homelab.model.changes import Action, Change
from homelab.policy import reading
from homelab.policy.values import UNKNOWN, Unknown, Where

_ATTRIBUTES: Mapping[str, Where] = {
    "mountpoint": ("mount_points",),
    "network": ("networks",),
    "ostemplate": ("template",),
    "target_node": ("node",),
}


def may_hold_data(before: Mapping[str, Any]) -> bool:
    """Whether a container has a backed-up volume or the tag `data`; when in doubt, yes."""
    tags = before.get("tags")
    if not isinstance(tags, str) and tags is not None:
        return True
    if "data" in (tags or "").split(";"):
        return True
    mounts = before.get("mountpoint")
    if mounts is None:
        return False
    found = reading.items(mounts)
    if found is UNKNOWN:
        return True
    return any(mount.get("backup") is not False for mount in found)


def place(change: Change) -> Where:
    """Where a removal comes from: the attribute that forces a replacement, else the category."""
    if change.action is Action.REPLACE:
        for path in change.replace_paths:
            name, *rest = path or ("",)
            known = _ATTRIBUTES.get(str(name), (str(name),))
            return ("containers", change.name, *known, *rest)
        return ("containers", change.name)
    pool = change.before.get("pool")
    return ("category", str(pool)) if isinstance(pool, str) else ("category", "")


def lost_volumes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The paths of mount points whose volume an update detaches."""
    kept = {_slot(mount): mount for mount in _blocks(after, "mountpoint")}
    for mount in _blocks(before, "mountpoint"):
        new = kept.get(_slot(mount))
        if new is None:
            yield str(mount.get("mp"))
            continue
        volume = new.get("volume")
        if isinstance(volume, str) and volume and volume != mount.get("volume"):
            yield str(mount.get("mp"))


def resized(change: Change, key: str) -> Iterator[tuple[int, int, int | Unknown]]:
    """Position, old and new size of each volume whose size changes."""
    news = _blocks(change.after, key)
    for index, old in enumerate(_blocks(change.before, key)):
        if index >= len(news):
            continue
        before = reading.size(old.get("size"))
        unknown = change.unknown.get(key)
        part = unknown[index] if isinstance(unknown, list) and index < len(unknown) else unknown
        is_unknown = part is True or (isinstance(part, Mapping) and part.get("size") is True)
        after = UNKNOWN if is_unknown else reading.size(news[index].get("size"))
        if before is not UNKNOWN and after != before:
            yield index, before, after


def _slot(mount: Mapping[str, Any]) -> str:
    return f"{mount.get('slot')}|{mount.get('key')}"


def _blocks(values: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    found = reading.items(values.get(key))
    return () if found is UNKNOWN else found
