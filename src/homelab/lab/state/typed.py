"""Records as dataclasses, from the objects of JSON that they are kept as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, get_origin, get_type_hints

_Record = TypeVar("_Record")


def load(kind: Callable[..., _Record], value: Mapping[str, Any] | None) -> _Record | None:
    """A record; None when a field is missing or of another type.

    Fields that it does not have (any more) are left out. An array of texts becomes a tuple.
    """
    if value is None:
        return None
    read: dict[str, object] = {}
    for name, wanted in _types(kind).items():
        if name not in value:
            continue
        found = value[name]
        if wanted is tuple:
            if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
                return None
            found = tuple(found)
        elif wanted is float and type(found) is int:
            found = float(found)
        elif type(found) is not wanted:
            return None
        read[name] = found
    try:
        return kind(**read)
    except TypeError:
        return None


@cache
def _types(kind: Any) -> Mapping[str, type]:
    hints = get_type_hints(kind)
    return {item.name: get_origin(hints[item.name]) or hints[item.name] for item in fields(kind)}
