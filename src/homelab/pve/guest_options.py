"""The options of an LXC guest as data: type, range and format of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType

from homelab.pve import formats
from homelab.pve.properties import parse_property_string
from homelab.pve.schema import FLAG, LINES, Parameter, split_list
from homelab.pve.sizes import GREATEST_SIZE
from homelab.pve.tags import normalise_tags
from homelab.pve.volumes import STORAGE

MAX_NETS = 32
MAX_MOUNT_POINTS = 256
_MAX_DEVICES = 256

_MOST_MEBIBYTES = GREATEST_SIZE >> 20
_UNPRINTED = r"\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029"
_VALUE = rf"[^{_UNPRINTED}]"
"""A character of what is on one line; as PVE has it a tab is one, and no other control character."""
_ZONED = re.compile(r"^(fe80:[^%]+)%[a-z][a-z0-9_]{1,20}(?:[:.][0-9]+)?\Z", re.IGNORECASE)
"""The address of a link with the interface that it is of."""

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DNS_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def _dns_name(text: str) -> str:
    if not _DNS_NAME.fullmatch(text):
        raise ValueError("value does not look like a valid DNS name")
    return text


def _nameservers(text: str) -> str:
    servers = split_list(text)
    for server in servers:
        if server == "host":
            continue
        address = _ZONED.sub(r"\1", server)
        try:
            ip_address(formats.without_zone(address))
        except ValueError as error:
            raise ValueError(f"value does not look like a valid IP address: {server}") from error
    return " ".join(servers)


def _search_domains(text: str) -> str:
    return " ".join(_dns_name(domain) for domain in split_list(text))


def _description(text: str) -> str:
    """PVE keeps one comment line per line, so that each line comes back with its newline."""
    lines = text.rstrip("\n")
    return f"{lines}\n" if lines else ""


def _startup(text: str) -> str:
    formats.STARTUP.parse(text)
    return text


def _public_keys(text: str) -> str:
    for line in text.split("\n"):
        if line.strip() and not line.startswith("#") and len(line.split()) < 2:
            raise ValueError("SSH public key validation error")
    return text


_VARIABLE = rf"[a-zA-Z0-9_]+={_VALUE}*"
_BASE: Mapping[str, Parameter] = {
    "arch": Parameter(enum=("amd64", "i386", "arm64", "armhf", "riscv32", "riscv64")),
    "cmode": Parameter(enum=("shell", "console", "tty")),
    "console": FLAG,
    "cores": Parameter(type="integer", minimum=1, maximum=8192),
    "cpulimit": Parameter(type="number", minimum=0, maximum=8192),
    "cpuunits": Parameter(type="integer", minimum=0, maximum=500000),
    "debug": FLAG,
    "description": Parameter(max_length=8192, check=_description, controls=LINES),
    "entrypoint": Parameter(pattern=rf"(?=\S)(?!.*\s$){_VALUE}+", controls="\t"),
    "env": Parameter(pattern=rf"{_VARIABLE}(?:\0{_VARIABLE})*", controls="\0\t"),
    "features": Parameter(check=formats.FEATURES.normalise),
    "hookscript": Parameter(pattern=r"[a-zA-Z0-9\-_.]+:snippets/[^\s,]+"),
    "hostname": Parameter(max_length=255, check=_dns_name),
    "lock": Parameter(
        enum=(
            "backup",
            "create",
            "destroyed",
            "disk",
            "fstrim",
            "migrate",
            "mounted",
            "rollback",
            "snapshot",
            "snapshot-delete",
        )
    ),
    "memory": Parameter(type="integer", minimum=16, maximum=_MOST_MEBIBYTES),
    "nameserver": Parameter(check=_nameservers, is_list=True),
    "onboot": FLAG,
    "ostype": Parameter(
        enum=(
            "debian",
            "devuan",
            "ubuntu",
            "centos",
            "fedora",
            "opensuse",
            "archlinux",
            "alpine",
            "gentoo",
            "nixos",
            "unmanaged",
        )
    ),
    "protection": FLAG,
    "rootfs": Parameter(check=formats.ROOTFS.normalise),
    "searchdomain": Parameter(check=_search_domains, is_list=True),
    "startup": Parameter(check=_startup),
    "swap": Parameter(type="integer", minimum=0, maximum=_MOST_MEBIBYTES),
    "tags": Parameter(check=normalise_tags, is_list=True),
    "template": FLAG,
    "timezone": Parameter(pattern=r"[a-zA-Z0-9_/+-]+"),
    "tty": Parameter(type="integer", minimum=0, maximum=6),
    "unprivileged": FLAG,
}

OPTIONS: Mapping[str, Parameter] = MappingProxyType(
    {
        **_BASE,
        **{
            f"{kind}{number}": Parameter(check=form.normalise)
            for kind, form, count in (
                ("net", formats.NET, MAX_NETS),
                ("mp", formats.MOUNT_POINT, MAX_MOUNT_POINTS),
                ("dev", formats.DEVICE, _MAX_DEVICES),
                ("unused", formats.UNUSED, MAX_MOUNT_POINTS),
            )
            for number in range(count)
        },
    }
)
"""Every option that a configuration may have."""

CREATE_ONLY: Mapping[str, Parameter] = MappingProxyType(
    {
        "bwlimit": Parameter(type="number", minimum=0),
        "force": FLAG,
        "ha-managed": FLAG,
        "ignore-unpack-errors": FLAG,
        "ostemplate": Parameter(required=True, max_length=255),
        "password": Parameter(min_length=5, pattern=r"[^\r\n\0]*", controls=None),
        "pool": Parameter(pattern=r"[A-Za-z0-9\-_]+(?:/[A-Za-z0-9\-_]+){0,2}"),
        "restore": FLAG,
        "ssh-public-keys": Parameter(check=_public_keys, controls="\t\n\r"),
        "start": FLAG,
        "storage": STORAGE,
        "unique": FLAG,
        "vmid": Parameter(type="integer", required=True, minimum=100, maximum=999_999_999),
    }
)
"""What only the creation of a guest takes, besides its options."""


def startup_order(startup: str | None) -> tuple[int, int]:
    """The position in the start order and the delay in seconds after it.

    Guests without an order come last.
    """
    values = {} if not startup else parse_property_string(startup, default_key="order")
    return int(values.get("order", "1000000000")), int(values.get("up", "0"))
