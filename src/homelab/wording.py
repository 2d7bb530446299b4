"""Words that depend on a number."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Such as `1 finding` or `2 findings`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
