"""The names of things in paths: each has one spelling, so that what is checked is what is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from homelab.pve.schema import COUNT, REQUIRED, VMID, Parameter

_REALM = r"[A-Za-z][A-Za-z0-9.\-_]+"
_POOL = r"[A-Za-z0-9\-_]+"
_NUMBER = re.compile(r"0|[1-9][0-9]*")
_VMID = re.compile(r"[1-9][0-9]{2,8}")

USERID = Parameter(required=True, max_length=64, pattern=rf"[^\s:/@!\x00-\x1f\x7f]+@{_REALM}")
TOKENID = Parameter(required=True, pattern=_REALM)
GROUPID = Parameter(required=True, pattern=r"[A-Za-z0-9.\-_]+")
ROLEID = GROUPID
POOLID = Parameter(required=True, max_length=1023, pattern=rf"{_POOL}(?:/{_POOL}){{0,2}}")
STORAGE = Parameter(required=True, pattern=r"[A-Za-z][A-Za-z0-9\-_.]*[A-Za-z0-9]")


def _file(text: str) -> str:
    if " " in text or {"", ".", ".."} & set(text.split("/")):
        raise ValueError("value does not look like a valid volume")
    return text


PATH_PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "iface": Parameter(required=True, pattern=r"[A-Za-z][A-Za-z0-9_.:\-]*"),
        "node": Parameter(required=True, pattern=r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"),
        "pos": replace(COUNT, required=True),
        "realm": Parameter(required=True, pattern=_REALM),
        "storage": STORAGE,
        "vmid": replace(VMID, required=True),
        "volume": Parameter(required=True, check=_file),
    }
)
"""What a variable of a path may be whose text is more than a key that is there or not."""
_OTHERS = replace(REQUIRED, controls=None)


def path_parameter(name: str) -> Parameter:
    """What a variable of a path may be; others only name what is there, whatever its name is."""
    return PATH_PARAMETERS.get(name, _OTHERS)


def is_plain(text: str, parameter: Parameter) -> bool:
    """Whether a number is written as PVE writes it; other values are judged by their patterns."""
    return parameter.type != "integer" or _NUMBER.fullmatch(text) is not None


def is_vmid(text: str) -> bool:
    """Whether it is a guest's id in its one spelling."""
    return _VMID.fullmatch(text) is not None
