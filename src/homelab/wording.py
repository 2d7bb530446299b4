"""Words that depend on a number, and lists of things."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def counted(count: int, noun: str) -> str:
    """Such as `1 finding` or `2 findings`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(items: Iterable[object]) -> str:
    """Each item on an indented line of its own, below the line that this is put behind."""
    return "".join(f"\n  {item}" for item in items)


def some_of(names: Sequence[str], most: int) -> str:
    """Such as `a, b and 3 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
