"""When two spellings of a value mean the same to PVE."""

from __future__ import annotations

import re

from homelab.errors import HomelabError
from homelab.pve.properties import parse_property_string

_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
_SIZE = re.compile(r"(\d+)([KMGT]?)")


def same_size(left: str | None, right: str | None) -> bool:
    """1024M and 1G are one size."""
    return _bytes(left) == _bytes(right)


def same_tags(left: str | None, right: str | None) -> bool:
    """Tags are a set, written with commas, semicolons or blanks, in lower case."""
    return split_tags(left) == split_tags(right)


def split_tags(text: str | None) -> tuple[str, ...]:
    """The tags as PVE keeps them: lower case, sorted, each once."""
    return tuple(sorted({tag.lower() for tag in re.split(r"[,;\s]+", text or "") if tag}))


def same_words(left: str | None, right: str | None) -> bool:
    """Lists of name servers and search domains are joined with blanks by PVE."""
    return re.split(r"[,;\s]+", left or "") == re.split(r"[,;\s]+", right or "")


def same_text(left: str | None, right: str | None) -> bool:
    """PVE gives a description back with a newline at its end, whether it was sent or not."""
    return (left or "").rstrip("\n") == (right or "").rstrip("\n")


def same_case(left: str | None, right: str | None) -> bool:
    """Hardware addresses come back in upper case."""
    return (left or "").upper() == (right or "").upper()


def same_startup(left: str | None, right: str | None) -> bool:
    """A start order may be written as `4` or `order=4`, its parts in any sequence."""
    try:
        return parse_property_string(left or "", default_key="order") == parse_property_string(
            right or "", default_key="order"
        )
    except HomelabError:
        return left == right


def _bytes(text: str | None) -> int | str | None:
    match = _SIZE.fullmatch(text or "")
    return text if match is None else int(match[1]) << _UNITS[match[2]]
