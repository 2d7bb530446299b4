"""Sizes as Proxmox VE writes them: `8G`, `512M`, `1T`; binary units, whole numbers of bytes."""

from __future__ import annotations

import re

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_PATTERN = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,19})?)([KMGT]?)")
GREATEST_SIZE = (1 << 63) - (1 << 20)
"""Bytes: the greatest size of whole MiB that fits into 64 bits."""


def parse_size(text: str) -> int:
    """The number of bytes that `text` names.

    Raises:
        ValueError: not a size.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size such as 512M, 8G or 1T")
    number, unit = match[1], _UNITS[match[2]]
    size = int(float(number) * unit) if "." in number else int(number) * unit
    if size > GREATEST_SIZE:
        raise ValueError(f"{text!r} is more than there can be")
    return size


def format_size(size: int) -> str:
    """The shortest exact form of a number of bytes, as PVE prints it (1024M is 1G)."""
    for unit in ("T", "G", "M", "K"):
        if size and size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]}{unit}"
    return str(size)


def same_size(left: str | None, right: str | None) -> bool:
    """1024M and 1G are one size; what is no size is only the same as itself."""
    return _bytes(left) == _bytes(right)


def _bytes(text: str | None) -> int | str | None:
    try:
        return parse_size(text or "")
    except ValueError:
        return text


def gibibytes(size: str) -> str:
    """A size such as 512M as the number of GiB that allocates it.

    Raises:
        ValueError: not a size.
    """
    factors = {"K": 1 / (1 << 20), "M": 1 / (1 << 10), "G": 1, "T": 1 << 10}
    number, unit = size[:-1], size[-1:]
    if unit not in factors or not (number.isascii() and number.isdecimal()):
        raise ValueError(f"{size!r} is not a size; it must end in T, G, M or K")
    return f"{int(number) * factors[unit]:g}"
