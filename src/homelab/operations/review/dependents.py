"""Who needs a service, directly or through others."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping


def dependents(needs: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """For each name, all that depend on it, nearest first; `needs` are direct dependencies."""
    direct: dict[str, list[str]] = {}
    for name, wanted in needs.items():
        for needed in wanted:
            direct.setdefault(needed, []).append(name)
    return {name: _all(name, direct) for name in direct}


def _all(name: str, direct: Mapping[str, list[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = deque(direct.get(name, ()))
    while waiting:
        one = waiting.popleft()
        if one not in found and one != name:
            found[one] = None
            waiting.extend(direct.get(one, ()))
    return tuple(found)
