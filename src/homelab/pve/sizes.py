"""Sizes as Proxmox VE writes them: `8G`, `512M`, `1T`; binary units, whole numbers of bytes."""

from __future__ import annotations

import re

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)")


def parse_size(text: str) -> int:
    """The number of bytes that `text` names.

    Raises:
        ValueError: not a size.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size such as 512M, 8G or 1T")
    return (
        int(float(match[1]) * _UNITS[match[2]])
        if "." in match[1]
        else int(match[1]) * _UNITS[match[2]]
    )


def format_size(size: int) -> str:
    """The shortest exact form of a number of bytes, as PVE prints it (1024M is 1G)."""
    for unit in ("T", "G", "M", "K"):
        if size and size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]}{unit}"
    return str(size)
