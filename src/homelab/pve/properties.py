"""Property strings, PVE's comma-separated `key=value` lists such as `name=eth0,bridge=vmbr0`.

Error texts are those of PVE's own parser, because clients show them and some match on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from homelab.errors import HomelabError

_PAIR = re.compile(r"\s*([^=]*[^=\s])\s*=\s*(\S|\S.*\S)\s*", re.DOTALL)


class PropertyStringError(HomelabError, ValueError):
    """A property string breaks the grammar; the message is PVE's."""


def parse_property_string(text: str, *, default_key: str | None = None) -> dict[str, str]:
    """The keys and values of a property string, in the order in which they were written.

    A part without `=` is the value of `default_key` (`local:4` means `volume=local:4`).

    Raises:
        PropertyStringError: a key without value, a value without key, or a key given twice.
    """
    values: dict[str, str] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        pair = _PAIR.fullmatch(part)
        if pair is not None:
            key, value = pair.groups()
        elif "=" in part:
            raise PropertyStringError("missing key in comma-separated list property")
        elif default_key is None:
            raise PropertyStringError("value without key, but schema does not define a default key")
        else:
            key, value = default_key, part.strip()
        if key in values:
            raise PropertyStringError(f"duplicate key in comma-separated list property: {key}")
        values[key] = value
    return values


def format_property_string(
    values: Mapping[str, str],
    *,
    default_key: str | None = None,
    required: Iterable[str] = (),
) -> str:
    """Write a property string as PVE does: default key bare and first, then required keys, the rest.

    Each group is sorted by key.

    Raises:
        PropertyStringError: a key or value that could not be read back.
    """
    first = frozenset(required)
    parts: list[str] = []
    for key in sorted(values, key=lambda key: (key != default_key, key not in first, key)):
        value = values[key]
        if "," in value or not value.strip() or value != value.strip():
            raise PropertyStringError(f"value of {key} can't be part of a list property: {value!r}")
        if key == default_key and "=" not in value:
            parts.append(value)
        elif key == key.strip() and key and "=" not in key and "," not in key:
            parts.append(f"{key}={value}")
        else:
            raise PropertyStringError(f"{key!r} can't be a key of a list property")
    return ",".join(parts)
