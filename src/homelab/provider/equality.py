"""When two spellings of a value mean the same to PVE."""

from __future__ import annotations

import re

from homelab.errors import HomelabError
from homelab.pve.properties import parse_property_string
from homelab.pve.tags import split_tags


def same_tags(left: str | None, right: str | None) -> bool:
    """Tags are a set, written with commas, semicolons or blanks, in lower case."""
    return split_tags(left) == split_tags(right)


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
