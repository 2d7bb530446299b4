"""Tags of guests, in the form in which PVE stores them."""

from __future__ import annotations

import re

from homelab.pve.schema import split_list

_TAG = re.compile(r"[a-z0-9_][a-z0-9_\-+.]*", re.IGNORECASE)


def normalise_tags(text: str) -> str:
    """Tags in lower case, sorted, each once, joined with semicolons.

    Raises:
        ValueError: PVE's text for a tag with other characters.
    """
    for tag in split_list(text):
        if not _TAG.fullmatch(tag):
            raise ValueError(f"invalid characters in tag '{tag}'")
    return ";".join(split_tags(text))


def split_tags(text: str | None) -> tuple[str, ...]:
    """The tags as PVE keeps them: lower case, sorted, each once."""
    return tuple(sorted({tag.lower() for tag in split_list(text or "")}))
