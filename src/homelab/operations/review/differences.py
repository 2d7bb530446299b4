"""What differs between two states of a resource, attribute by attribute, without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from homelab.policy.secrets import is_secret_name, is_secret_value

REDACTED: Final = "(secret)"
UNKNOWN: Final = "(known after apply)"
ABSENT: Final = "(none)"
_COMPUTED = frozenset({"id", "current_node", "unused", "ostype"})
_COMPUTED_PARTS = frozenset({"file", "hwaddr", "id", "key", "slot", "volume", "type", "trunks"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One attribute's value before and after, as a person reads it."""

    path: tuple[str | int, ...]
    before: str
    after: str

    @property
    def name(self) -> str:
        """The path as HCL writes it, such as network[0].ip."""
        text = ""
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
        return text

    def __str__(self) -> str:
        return f"{self.name}: {self.before} → {self.after}"


def differences(
    before: Any, after: Any, *, unknown: Any = None, sensitive: tuple[Any, Any] = (None, None)
) -> tuple[Difference, ...]:
    """Every leaf that differs. `unknown` and `sensitive` are Terraform's marks.

    A value is a secret when Terraform says so, and when its name or its form does.
    """
    return tuple(_walk((), before, after, unknown, sensitive))


def _walk(
    path: tuple[str | int, ...], before: Any, after: Any, unknown: Any, marks: tuple[Any, Any]
) -> Iterator[Difference]:
    if before == after and not unknown:
        return
    if marks[0] is True or marks[1] is True:
        if before != after:
            yield Difference(path=path, before=_secret(before), after=_secret(after))
        return
    if unknown is True:
        if not _is_computed(path):
            yield Difference(path=path, before=_shown(path, before), after=UNKNOWN)
        return
    keys = _keys(before, after)
    if keys is None:
        if before != after and not (_is_empty(before) and _is_empty(after)):
            yield Difference(path=path, before=_shown(path, before), after=_shown(path, after))
        return
    for key in keys:
        yield from _walk(
            (*path, key),
            _child(before, key),
            _child(after, key),
            _child(unknown, key),
            (_child(marks[0], key), _child(marks[1], key)),
        )


def _keys(before: Any, after: Any) -> tuple[str | int, ...] | None:
    """The keys below a pair of values; None for leaves."""
    values = [value for value in (before, after) if value is not None]
    if values and all(isinstance(value, Mapping) for value in values):
        return tuple(dict.fromkeys(key for value in values for key in value))
    is_nested = all(
        isinstance(value, list) and all(isinstance(item, Mapping) for item in value)
        for value in values
    )
    if values and is_nested:
        return tuple(range(max(len(value) for value in values)))
    return None


def _child(value: Any, key: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value[key]
    return value if value is True else None


def _is_computed(path: tuple[str | int, ...]) -> bool:
    return path[-1] in (_COMPUTED if len(path) == 1 else _COMPUTED_PARTS)


def _is_empty(value: Any) -> bool:
    return value in (None, "", False) or value == []


def _shown(path: tuple[str | int, ...], value: Any) -> str:
    if value is None or value == "":
        return ABSENT
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    text = _text(value)
    if is_secret_name(name) or is_secret_value(text):
        return REDACTED
    return text if len(text) <= 80 else f"{text[:77]}..."


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value) or ABSENT
    return str(value)


def _secret(value: Any) -> str:
    return ABSENT if value is None else REDACTED
