"""The property strings of a guest's options as data: which keys, which values, which order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from homelab.pve.properties import (
    PropertyStringError,
    format_property_string,
    parse_property_string,
)
from homelab.pve.schema import FLAG, Parameter, ParameterError, verify
from homelab.pve.sizes import format_size, parse_size
from homelab.pve.volumes import NewVolume, VolumeId, truncated

_MAC = re.compile(r"[0-9a-f][02468ace](?::[0-9a-f]{2}){5}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyFormat:
    """One kind of property string."""

    keys: Mapping[str, Parameter]
    default_key: str | None = None

    def parse(self, text: str) -> dict[str, str]:
        """The keys and values, each checked and in its stored form.

        Raises:
            ValueError: PVE's text, one line per wrong key.
        """
        values = parse_property_string(text, default_key=self.default_key)
        for key in values:
            if key not in self.keys:
                raise PropertyStringError(f"invalid key in comma-separated list property: {key}")
        try:
            checked = verify({**values}, self.keys)
        except ParameterError as error:
            lines = "\n".join(f"{key}: {text}" for key, text in sorted(error.errors.items()))
            raise PropertyStringError(f"format error\n{lines}\n") from error
        return {
            key: values[key] if self.keys[key].type == "number" else checked.text(key)
            for key in values
        }

    def format(self, values: Mapping[str, str]) -> str:
        """The string as PVE writes it back."""
        return format_property_string(
            values,
            default_key=self.default_key,
            required=[key for key, parameter in self.keys.items() if parameter.required],
        )

    def normalise(self, text: str) -> str:
        """The string in the form in which PVE stores it.

        Raises:
            ValueError: see `parse`.
        """
        return self.format(self.parse(text))


def _hardware_address(text: str) -> str:
    if not _MAC.fullmatch(text):
        raise ValueError("value does not look like a valid unicast MAC address")
    return text.upper()


def _read_by(read: Callable[[str], object], what: str, *words: str) -> Callable[[str], str]:
    """A check: one of `words`, or what `read` takes; `what` it is stands in PVE's text."""

    def check(text: str) -> str:
        if text not in words:
            try:
                read(without_zone(text))
            except ValueError as error:
                raise ValueError(f"value does not look like a valid {what}") from error
        return text

    return check


def without_zone(address: str) -> str:
    """An address as Python may read it: it takes zones, as in fe80::1%eth0, and PVE does not.

    Raises:
        ValueError: there is a zone.
    """
    if "%" in address:
        raise ValueError("no zone is allowed")
    return address


def _ipv4_with_prefix(text: str) -> IPv4Interface:
    if "/" not in text:
        raise ValueError("no prefix length")
    return IPv4Interface(text)


def _size(text: str) -> str:
    try:
        return format_size(truncated(parse_size(text)))
    except ValueError as error:
        raise ValueError(f"value does not look like a valid disk size: {text}") from error


def _mount_path(text: str) -> str:
    if not text.startswith("/") or re.search(r"(?:^|/)\.\.?(?:/|$)|[\x00-\x1f]", text):
        raise ValueError("mountpoint needs to be an absolute path")
    return "/" + "/".join(part for part in text.split("/") if part)


def _volume(text: str) -> str:
    """A volume id, a request for a new volume, or a path; its part before the comma is all of it."""
    if text.startswith("/"):
        if re.search(r"(?:^|/)\.\.?(?:/|$)", text):
            raise ValueError(f"{text} contains illegal character sequences")
    elif NewVolume.parse(text) is None:
        VolumeId.parse(text)
    return text


def _unused(text: str) -> str:
    VolumeId.parse(text)
    return text


_NAME = Parameter(pattern=r"[-_.a-zA-Z0-9]+")

NET = PropertyFormat(
    keys={
        "name": Parameter(required=True, pattern=r"[-_.a-zA-Z0-9]+"),
        "bridge": _NAME,
        "hwaddr": Parameter(check=_hardware_address),
        "ip": Parameter(
            check=_read_by(_ipv4_with_prefix, "ipv4 network configuration", "dhcp", "manual")
        ),
        "gw": Parameter(check=_read_by(IPv4Address, "IPv4 address")),
        "ip6": Parameter(
            check=_read_by(IPv6Interface, "ipv6 network configuration", "auto", "dhcp", "manual")
        ),
        "gw6": Parameter(check=_read_by(IPv6Address, "IPv6 address")),
        "mtu": Parameter(type="integer", minimum=64, maximum=65535),
        "tag": Parameter(type="integer", minimum=1, maximum=4094),
        "trunks": Parameter(pattern=r"[0-9]+(?:-[0-9]+)?(?:;[0-9]+(?:-[0-9]+)?)*"),
        "rate": Parameter(type="number", minimum=0),
        "firewall": FLAG,
        "link_down": FLAG,
        "host-managed": FLAG,
        "type": Parameter(enum=("veth",)),
    }
)
"""netN."""

_VOLUME_KEYS: Mapping[str, Parameter] = {
    "volume": Parameter(required=True, check=_volume),
    "size": Parameter(check=_size),
    "acl": FLAG,
    "mountoptions": Parameter(
        pattern=r"(?:discard|lazytime|noatime|nodev|noexec|nosuid)"
        r"(?:;(?:discard|lazytime|noatime|nodev|noexec|nosuid))*"
    ),
    "ro": FLAG,
    "quota": FLAG,
    "replicate": FLAG,
    "shared": FLAG,
}
ROOTFS = PropertyFormat(keys=_VOLUME_KEYS, default_key="volume")
"""rootfs."""

MOUNT_POINT = PropertyFormat(
    keys={
        **_VOLUME_KEYS,
        "mp": Parameter(required=True, check=_mount_path),
        "backup": FLAG,
        "keepattrs": FLAG,
    },
    default_key="volume",
)
"""mpN."""

FEATURES = PropertyFormat(
    keys={
        "force_rw_sys": FLAG,
        "fuse": FLAG,
        "keyctl": FLAG,
        "mknod": FLAG,
        "mount": Parameter(pattern=r"[a-zA-Z0-9_; ]+"),
        "nesting": FLAG,
    }
)
"""features."""

DEVICE = PropertyFormat(
    keys={
        "path": Parameter(required=True, pattern=r"/dev/[^,]+"),
        "mode": Parameter(pattern=r"0[0-7]{3}"),
        "uid": Parameter(type="integer", minimum=0),
        "gid": Parameter(type="integer", minimum=0),
        "deny-write": FLAG,
    },
    default_key="path",
)
"""devN."""

STARTUP = PropertyFormat(
    keys={
        "order": Parameter(type="integer", minimum=0),
        "up": Parameter(type="integer", minimum=0),
        "down": Parameter(type="integer", minimum=0),
    },
    default_key="order",
)
"""startup; written as it came, since PVE does not normalise it."""

UNUSED = PropertyFormat(
    keys={"volume": Parameter(required=True, check=_unused)}, default_key="volume"
)
"""unusedN."""

PRUNE_BACKUPS = PropertyFormat(
    keys={
        "keep-all": FLAG,
        **{
            f"keep-{period}": Parameter(type="integer", minimum=0)
            for period in ("last", "hourly", "daily", "weekly", "monthly", "yearly")
        },
    }
)
"""prune-backups."""
