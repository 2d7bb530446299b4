"""What a change of options makes of a guest's configuration and volumes; no effects here.

On a stopped guest every change is applied at once. On a running one PVE applies some options
while the guest runs, and keeps the rest pending until its next start.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from homelab.lab.failures import ApiFailureError
from homelab.lab.node.storages import storage_for_volumes
from homelab.lab.state.database import VolumeRecord
from homelab.pve import formats
from homelab.pve.guest_config import GuestConfig, index_of
from homelab.pve.hotplug import deletes_hot, sets_hot
from homelab.pve.sizes import format_size
from homelab.pve.volumes import NewVolume, VolumeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The new configuration, and the volumes that come and go with it."""

    config: GuestConfig
    made: tuple[VolumeRecord, ...] = ()
    removed: tuple[str, ...] = ()


def random_hwaddr() -> str:
    """A MAC address with the prefix that PVE uses by default."""
    return "BC:24:11:" + ":".join(f"{byte:02X}" for byte in secrets.token_bytes(3))


def plan_change(
    vmid: int,
    config: GuestConfig,
    *,
    values: Mapping[str, str] | None = None,
    delete: Iterable[str] = (),
    running: bool,
    volumes: Mapping[str, VolumeRecord],
    hwaddr: Callable[[], str] = random_hwaddr,
) -> Change:
    """Set and delete options, together with what was pending before.

    `values` are in their stored form; `volumes` are the guest's, by id.

    Raises:
        ApiFailureError: PVE's text.
    """
    gone = frozenset(delete)
    given = {
        key: _with_defaults(key, value, config, hwaddr) for key, value in (values or {}).items()
    }
    pending = replace(
        config,
        pending={k: v for k, v in {**config.pending, **given}.items() if k not in gone},
        pending_delete=(config.pending_delete - given.keys()) | gone,
    ).without_idle_pending()
    return _Planner(vmid, pending, running=running, volumes=volumes).plan()


def _with_defaults(key: str, value: str, config: GuestConfig, hwaddr: Callable[[], str]) -> str:
    if index_of(key, "net") is None:
        return value
    net = formats.NET.parse(value)
    known = config.options.get(key)
    old = {} if known is None else formats.NET.parse(known)
    net.setdefault("hwaddr", old.get("hwaddr") or hwaddr())
    net.setdefault("type", "veth")
    return formats.NET.format(net)


class _Planner:
    def __init__(
        self,
        vmid: int,
        config: GuestConfig,
        *,
        running: bool,
        volumes: Mapping[str, VolumeRecord],
    ) -> None:
        self._vmid = vmid
        self._config = config
        self._running = running
        self._volumes = dict(volumes)
        self._options = dict(config.options)
        self._made: list[VolumeRecord] = []
        self._removed: list[str] = []

    def plan(self) -> Change:
        later_delete = {key for key in self._config.pending_delete if not self._deletes_now(key)}
        for key in sorted(self._config.pending_delete - later_delete):
            self._delete(key)
        later: dict[str, str] = {}
        for key in sorted(self._config.pending, key=disk_order):
            if self._sets_now(key):
                self._set(key, self._config.pending[key])
            else:
                later[key] = self._config.pending[key]
        return Change(
            config=GuestConfig(
                options=self._options, pending=later, pending_delete=frozenset(later_delete)
            ),
            made=tuple(self._made),
            removed=tuple(self._removed),
        )

    def _sets_now(self, key: str) -> bool:
        return not self._running or sets_hot(key, is_new=key not in self._config.options)

    def _deletes_now(self, key: str) -> bool:
        return not self._running or deletes_hot(key)

    def _delete(self, key: str) -> None:
        value = self._options.pop(key)
        volume = value.partition(",")[0]
        if index_of(key, "mp") is not None:
            self._options[self._free_unused()] = volume
        elif index_of(key, "unused") is not None:
            self._removed.append(volume)

    def _set(self, key: str, value: str) -> None:
        if key == "description" and not value:
            self._options.pop(key, None)
            return
        form = volume_form(key)
        if form is not None:
            value = form.format(self._with_volume(key, form.parse(value)))
        elif index_of(key, "unused") is not None and value not in self._volumes:
            raise ApiFailureError(f"volume '{value}' does not exist")
        self._options[key] = value

    def _with_volume(self, key: str, entry: dict[str, str]) -> dict[str, str]:
        wanted = NewVolume.parse(entry["volume"])
        replaced = self._options.get(key, "").partition(",")[0]
        if wanted is None:
            known = self._volumes.get(entry["volume"])
            if known is None:
                raise ApiFailureError(f"volume '{entry['volume']}' does not exist")
            for option in [k for k, v in self._options.items() if v == known.volid]:
                if index_of(option, "unused") is not None:
                    del self._options[option]
        else:
            known = self._allocate(wanted)
        if replaced and replaced != known.volid:
            self._options[self._free_unused()] = replaced
        return {**entry, "volume": known.volid, "size": format_size(known.size)}

    def _allocate(self, wanted: NewVolume) -> VolumeRecord:
        storage = storage_for_volumes(wanted.storage)
        known = (VolumeId.find(volid) for volid in self._volumes)
        taken = {volume.disk for volume in known if volume is not None}
        disk = next(number for number in range(len(taken) + 1) if number not in taken)
        name = storage.volume_name(self._vmid, disk, size=wanted.size)
        made = new_volume(VolumeId(storage.name, name), self._vmid, wanted.size)
        self._volumes[made.volid] = made
        self._made.append(made)
        return made

    def _free_unused(self) -> str:
        return next(name for n in range(256) if (name := f"unused{n}") not in self._options)


def new_volume(volume: VolumeId, vmid: int, size: int) -> VolumeRecord:
    """The record of a volume that is about to be made."""
    return VolumeRecord(volid=str(volume), vmid=vmid, size=size, ctime=int(time.time()))


def volume_form(key: str) -> formats.PropertyFormat | None:
    """How an option that names a volume is written; None for one that does not."""
    if key == "rootfs":
        return formats.ROOTFS
    return formats.MOUNT_POINT if index_of(key, "mp") is not None else None


def with_new_hwaddr(net: str) -> str:
    """A network interface as a copy of its guest has it."""
    return formats.NET.format({**formats.NET.parse(net), "hwaddr": random_hwaddr()})


def disk_order(key: str) -> tuple[int, int, str]:
    """The root file system first, then the mount points by number: so disks are numbered."""
    number = index_of(key, "mp")
    return (0, 0, key) if key == "rootfs" else (1, number if number is not None else -1, key)
