"""Parameters as data, and their verification with PVE's own error texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from homelab.errors import HomelabError

ParameterType = Literal["string", "integer", "number", "boolean", "array"]
RawValue = str | list[str]
"""A parameter as a form or a JSON body carries it; a repeated key is a list."""
ArgumentValue = str | int | float | bool | tuple[str, ...]

_PATTERNS: Mapping[ParameterType, re.Pattern[str]] = {
    "boolean": re.compile(r"[01]"),
    "integer": re.compile(r"-?[0-9]{1,40}"),
    "number": re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{0,40})?|-?\.[0-9]{1,40}"),
}
GREATEST = (1 << 63) - 1
"""The greatest number that everything keeps, shows and reads back: signed, of 64 bits."""
_LONGEST = 65536
"""Characters of a text whose parameter says nothing of them; PVE declares no longer ones."""
_MOST = 1000
"""Elements of an array."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
LINES = "\t\n\r\x85\u2028\u2029"
"""What a text of several lines may hold besides what is printed."""
_BETWEEN_ITEMS = f"\0\v\f{LINES}"
_MISSING = "property is missing and it is not optional"
_UNKNOWN = "property is not defined in schema and the schema does not allow additional properties"


class ParameterError(HomelabError, ValueError):
    """Parameters break their specification; `errors` maps each one to PVE's text."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("Parameter verification failed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What one parameter may be.

    `check` raises ValueError for a value of the wrong format and returns it, possibly in the form
    in which it is stored.
    """

    type: ParameterType = "string"
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    enum: tuple[str, ...] = ()
    pattern: str | None = None
    check: Callable[[str], str] | None = None
    is_list: bool = False
    """Whether a repeated key is joined with commas (PVE's formats that end in `-list`)."""
    controls: str | None = ""
    """Which control characters and line breaks a text may hold; None leaves that to its pattern."""


REQUIRED = Parameter(required=True)
TEXT = Parameter()
FLAG = Parameter(type="boolean")
WHOLE = Parameter(type="integer")
COUNT = Parameter(type="integer", minimum=0)
VMID = Parameter(type="integer", minimum=100, maximum=999_999_999)
LIST = Parameter(is_list=True)
PARAGRAPHS = Parameter(controls=LINES)
"""A text of several lines, such as a comment."""
_ELEMENT = Parameter()
_SHOWN = 100
"""Characters of a wrong number that are said back."""


class Arguments:
    """Verified parameters, each read with its type."""

    def __init__(self, values: Mapping[str, ArgumentValue]) -> None:
        self._values = dict(values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def text(self, name: str, default: str = "") -> str:
        """A string; numbers and booleans in their wire form."""
        value = self._values.get(name, default)
        if isinstance(value, tuple):
            return ",".join(value)
        if isinstance(value, float):
            return f"{Decimal(f'{value:.15g}'):f}"
        return str(int(value)) if isinstance(value, bool) else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        """An integer."""
        value = self._values.get(name, default)
        return default if isinstance(value, tuple) else int(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean."""
        return bool(self._values.get(name, default))

    def words(self, name: str) -> tuple[str, ...]:
        """A list that was written with commas, semicolons or blanks (PVE's split_list)."""
        return split_list(self.text(name))


def split_list(text: str) -> tuple[str, ...]:
    """The items of a list as PVE reads it: separated by `,`, `;`, NUL or blanks."""
    return tuple(item for item in re.split(r"[,;\0\s]+", text) if item)


def verify(raw: Mapping[str, RawValue], parameters: Mapping[str, Parameter]) -> Arguments:
    """Check every parameter and give it its type.

    Raises:
        ParameterError: lists every parameter that is missing, unknown or wrong.
    """
    errors: dict[str, str] = {}
    values: dict[str, ArgumentValue] = {}
    for name, value in raw.items():
        parameter = parameters.get(name)
        if parameter is None:
            errors[printable(name)] = _UNKNOWN
            continue
        try:
            values[name] = convert(value, parameter)
        except ValueError as error:
            errors[name] = str(error)
    for name, parameter in parameters.items():
        if parameter.required and name not in raw:
            errors[name] = _MISSING
    if errors:
        raise ParameterError(errors)
    return Arguments(values)


def convert(value: RawValue, parameter: Parameter) -> ArgumentValue:
    """One value in its type.

    Raises:
        ValueError: PVE's text for what is wrong.
    """
    if parameter.type == "array":
        items = [value] if isinstance(value, str) else value
        if len(items) > _MOST:
            raise ValueError(f"array may only have {_MOST} elements")
        return tuple(_checked_text(item, _ELEMENT) for item in items)
    if isinstance(value, list):
        if not parameter.is_list:
            raise ValueError(f"type check ('{parameter.type}') failed - got ARRAY")
        value = ",".join(value)
    if parameter.type == "string":
        return _checked_text(value, parameter)
    if not _PATTERNS[parameter.type].fullmatch(value):
        shown = printable(value[:_SHOWN])
        raise ValueError(f"type check ('{parameter.type}') failed - got '{shown}'")
    if parameter.type == "boolean":
        return value == "1"
    return _within(int(value) if parameter.type == "integer" else float(value), parameter)


def _within(number: int | float, parameter: Parameter) -> int | float:  # noqa: PYI041
    minimum = -GREATEST if parameter.minimum is None else parameter.minimum
    maximum = GREATEST if parameter.maximum is None else parameter.maximum
    if number < minimum:
        raise ValueError(f"value must have a minimum value of {_bound(minimum)}")
    if number > maximum:
        raise ValueError(f"value must have a maximum value of {_bound(maximum)}")
    return number


def _bound(limit: float) -> str:
    return str(limit) if isinstance(limit, int) else f"{limit:.10g}"


def printable(text: str) -> str:
    """A text without what no reply can carry."""
    return _SURROGATES.sub("\ufffd", text)


def _checked_text(text: str, parameter: Parameter) -> str:
    longest = _LONGEST if parameter.max_length is None else parameter.max_length
    if len(text) > longest:
        raise ValueError(f"value may only be {longest} characters long")
    if _SURROGATES.search(text):
        raise ValueError("invalid format - value is no valid UTF-8")
    if parameter.min_length is not None and len(text) < parameter.min_length:
        raise ValueError(f"value must be at least {parameter.min_length} characters long")
    if parameter.enum and text not in parameter.enum:
        choices = ", ".join(parameter.enum)
        raise ValueError(f"value '{text}' does not have a value in the enumeration '{choices}'")
    if parameter.pattern is not None and not re.fullmatch(parameter.pattern, text):
        raise ValueError("value does not match the regex pattern")
    if parameter.check is not None:
        try:
            text = parameter.check(text)
        except ValueError as error:
            raise ValueError(f"invalid format - {error}") from error
    allowed = _BETWEEN_ITEMS if parameter.is_list else parameter.controls
    if allowed is not None and any(found not in allowed for found in _CONTROLS.findall(text)):
        raise ValueError("invalid format - value contains control characters")
    return text
