"""The attributes of `proxmox_lxc`: which are options of PVE's, and when one counts as set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

CONTAINER: Final = "proxmox_lxc"
POOL: Final = "proxmox_pool"

CONFIG_OPTIONS: Final = (
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
    "lock",
)
"""Attributes that are options of a container's configuration, under the same name."""

ONLY_AT_CREATION: Final[Mapping[str, str]] = {
    "bwlimit": "bwlimit",
    "force": "force",
    "ignore_unpack_errors": "ignore-unpack-errors",
    "ostemplate": "ostemplate",
    "password": "password",
    "pool": "pool",
    "restore": "restore",
    "ssh_public_keys": "ssh-public-keys",
    "start": "start",
    "template": "template",
    "unique": "unique",
    "vmid": "vmid",
}
"""Attributes that the call which creates a container takes besides options, and their names in it."""

REBUILDS: Final = ("vmid", "ostemplate", "password", "ssh_public_keys", "clone", "clone_storage")
"""Attributes whose change makes a new container; so does another storage of the root volume."""

FEATURES: Final = ("nesting", "keyctl", "fuse", "mknod", "mount")
VOLUME_FLAGS: Final = ("acl", "quota", "replicate", "ro", "shared")

_SENT_AS_ZERO = frozenset(
    {
        "console",
        "cpulimit",
        "memory",
        "onboot",
        "protection",
        "start",
        "swap",
        "tty",
        "unprivileged",
    }
)


def is_unset(attribute: str, value: Any) -> bool:
    """Whether a value is not sent; some are also when they are zero, as Telmate's provider does."""
    return value is None or (not value and attribute not in _SENT_AS_ZERO)


def blocks(values: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The nested blocks of a name."""
    return [block for block in values.get(name) or () if isinstance(block, Mapping)]


def features(values: Mapping[str, Any]) -> dict[str, Any]:
    """The features that are on."""
    return {
        name: block[name]
        for block in blocks(values, "features")[:1]
        for name in FEATURES
        if block.get(name)
    }


def mount_points(values: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """The mount points by slot, which is the number in PVE's mpN."""
    mounts = blocks(values, "mountpoint")
    return {int(mount.get("slot", index) or 0): mount for index, mount in enumerate(mounts)}
