"""What may be shown on a terminal: text without control characters, whoever wrote it."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""C0 without tab and line feed, DEL, and C1: what moves cursors and sets terminals."""


def printable(text: str) -> str:
    """The text with a mark in place of each control character other than tab and line feed."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def on_one_line(text: str) -> str:
    """The same, with what stands on several lines on one."""
    return printable(" ".join(text.split()))
