"""What a change means for a running container, by PVE's rules rather than by Terraform's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from homelab.pve.hotplug import deletes_hot, sets_hot

RESTART_SECONDS: Final = 60
"""Estimate: shut down, start, and the service healthy again."""
SERVICE_SECONDS: Final = 20
"""Estimate: Compose recreates the service in a running container."""
REBUILD_SECONDS: Final = 300
"""Estimate: remove, create from the template, configure; without restoring data."""

_PLAIN = (
    "cores",
    "cpulimit",
    "cpuunits",
    "description",
    "hookscript",
    "hostname",
    "memory",
    "nameserver",
    "onboot",
    "ostype",
    "protection",
    "searchdomain",
    "startup",
    "swap",
    "tags",
    "arch",
    "cmode",
    "console",
    "tty",
)
_FLAGS = ("acl", "quota", "replicate", "ro", "shared")


class Impact(StrEnum):
    """What happens to a container, mildest first."""

    ADOPT = "adopted"
    HOT = "applied while it runs"
    NEW = "new"
    SERVICE = "service is recreated"
    RESTART = "needs a restart"
    STOP = "is stopped"
    REFUSED = "refused by Proxmox VE"
    REBUILD = "rebuilt"
    GONE = "removed"

    @property
    def seconds(self) -> int:
        """The estimated downtime of its service."""
        return {
            Impact.SERVICE: SERVICE_SECONDS,
            Impact.RESTART: RESTART_SECONDS,
            Impact.REBUILD: REBUILD_SECONDS,
        }.get(self, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChange:
    """One option of PVE's configuration that a plan changes."""

    option: str
    attribute: str
    """What it is called in Terraform."""
    impact: Impact
    why: str = ""


def option_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[OptionChange, ...]:
    """What an update asks PVE to change, and how PVE takes it while the container runs."""
    return tuple(_options(before, after))


def _options(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[OptionChange]:
    for name in _PLAIN:
        if (before.get(name) or None) != (after.get(name) or None):
            yield _set(name, name, is_new=not before.get(name))
    if bool(before.get("unprivileged")) != bool(after.get("unprivileged")):
        yield OptionChange(
            option="unprivileged",
            attribute="unprivileged",
            impact=Impact.REFUSED,
            why="it is read-only: rebuild the container with -replace",
        )
    if _first(before, "features") != _first(after, "features"):
        yield _set("features", "features", is_new=False)
    yield from _networks(_list(before, "network"), _list(after, "network"))
    yield from _volumes(before, after)
    if bool(before.get("start")) and after.get("start") is False:
        yield OptionChange(option="start", attribute="start", impact=Impact.STOP)
    elif not before.get("start") and after.get("start") is True:
        yield OptionChange(option="start", attribute="start", impact=Impact.HOT)
    if (before.get("pool") or None) != (after.get("pool") or None):
        yield OptionChange(option="pool", attribute="pool", impact=Impact.HOT)


def _networks(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> Iterator[OptionChange]:
    for index in range(max(len(before), len(after))):
        option = f"net{index}"
        if index >= len(after):
            yield _delete(option, f"network[{index}]")
        elif index >= len(before) or _relevant(before[index]) != _relevant(after[index]):
            yield _set(option, f"network[{index}]", is_new=index >= len(before))


def _volumes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[OptionChange]:
    roots = zip(_list(before, "rootfs"), _list(after, "rootfs"), strict=False)
    for old, new in roots:
        if old.get("size") != new.get("size"):
            yield _resized("rootfs", "rootfs[0].size")
        if _flags(old) != _flags(new):
            yield _set("rootfs", "rootfs[0]", is_new=False)
    olds, news = _by_slot(before), _by_slot(after)
    for slot in sorted(olds.keys() - news.keys()):
        yield _delete(f"mp{slot}", f"mountpoint[{slot}]")
    for slot in sorted(news):
        option, attribute, new = f"mp{slot}", f"mountpoint[{slot}]", news[slot]
        known = olds.get(slot)
        if known is None:
            yield _set(option, attribute, is_new=True)
            continue
        if known.get("size") != new.get("size"):
            yield _resized(option, f"{attribute}.size")
        if known.get("storage") != new.get("storage"):
            yield OptionChange(
                option=option,
                attribute=f"{attribute}.storage",
                impact=Impact.RESTART,
                why="the volume is moved; Proxmox VE does that only while the container stands still",
            )
        if (*_flags(known), known.get("mp"), bool(known.get("backup"))) != (
            *_flags(new),
            new.get("mp"),
            bool(new.get("backup")),
        ):
            yield _set(option, attribute, is_new=False)


def _set(option: str, attribute: str, *, is_new: bool) -> OptionChange:
    impact = Impact.HOT if sets_hot(option, is_new=is_new) else Impact.RESTART
    why = "" if impact is Impact.HOT else "Proxmox VE keeps it pending until the next start"
    return OptionChange(option=option, attribute=attribute, impact=impact, why=why)


def _delete(option: str, attribute: str) -> OptionChange:
    impact = Impact.HOT if deletes_hot(option) else Impact.RESTART
    why = "" if impact is Impact.HOT else "Proxmox VE keeps it pending until the next start"
    return OptionChange(option=option, attribute=attribute, impact=impact, why=why)


def _resized(option: str, attribute: str) -> OptionChange:
    return OptionChange(
        option=option, attribute=attribute, impact=Impact.HOT, why="the file system grows online"
    )


def _relevant(network: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in network.items()
        if value not in (None, "") and key not in {"id", "hwaddr", "type", "trunks", "tag"}
    } | ({"tag": network["tag"]} if network.get("tag") else {})


def _flags(volume: Mapping[str, Any]) -> tuple[bool, ...]:
    return tuple(bool(volume.get(name)) for name in _FLAGS)


def _by_slot(values: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    mounts = _list(values, "mountpoint")
    return {int(mount.get("slot", index) or 0): mount for index, mount in enumerate(mounts)}


def _first(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = _list(values, name)
    return {key: value for key, value in found[0].items() if value} if found else {}


def _list(values: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = values.get(name)
    return [item for item in found or () if isinstance(item, Mapping)]
