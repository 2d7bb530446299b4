"""What was worked out before, for as long as that which it came from is the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

_Value = TypeVar("_Value")
_LIMIT = 100_000


class Memo:
    """Values by key, each with a stamp of what it came from; safe for use by many threads.

    The stamp has to be taken before the value is worked out, and has to change after its source
    did: then a value is never older than its stamp.
    """

    def __init__(self, *, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._kept: dict[Hashable, tuple[object, object]] = {}

    def get(self, key: Hashable, stamp: object, make: Callable[[], _Value]) -> _Value:
        """The value that was made for this stamp, else a new one."""
        found = self._kept.get(key)
        if found is not None and found[0] == stamp:
            return found[1]  # type: ignore[return-value]
        value = make()
        if len(self._kept) >= self._limit:
            self._kept = {}
        self._kept[key] = (stamp, value)
        return value
