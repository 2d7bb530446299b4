"""What is wrong with a topology's form, in the words of the topology."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from homelab.errors import TopologyError

if TYPE_CHECKING:
    from pydantic import ValidationError

Where = tuple[str | int, ...]
"""A place in an entry, such as `("service", "ports", 0)`."""


def raise_problems(problems: Iterable[str]) -> None:
    """Raise one error that lists all problems, sorted by place; do nothing without any."""
    lines = sorted(dict.fromkeys(problems), key=_by_place)
    if lines:
        raise TopologyError(lines)


def from_pydantic(
    error: ValidationError, *, names: Mapping[str, Iterable[str]], subject: str
) -> Iterator[tuple[Where, str]]:
    """Pydantic's complaints about one entry: the place of each in the entry, and what to say.

    `names` are the attributes known at each dotted path, for a suggestion when one is misspelt.
    """
    details = error.errors(include_url=False)
    # A list of which every item is wrong is also reported as too short.
    inside = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    for detail in details:
        inner: Where = tuple(detail["loc"])
        if inner in inside:
            continue
        dotted = ".".join(str(part) for part in inner)
        match detail["type"]:
            case "extra_forbidden":
                parent = ".".join(str(part) for part in inner[:-1] if isinstance(part, str))
                hint = _suggestion(str(inner[-1]), names.get(parent, ()))
                yield inner, f"{subject}: unknown attribute {dotted!r}{hint}"
            case "missing":
                yield inner[:-1], f"{subject}: attribute {dotted!r} is missing"
            case _:
                text = detail["msg"].removeprefix("Value error, ")
                value = _short(detail["input"])
                yield inner, f"{subject}: {dotted} is {value}: {text[0].lower()}{text[1:]}"


def _suggestion(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _by_place(line: str) -> tuple[str, int, str]:
    file, _, rest = line.partition(":")
    number, _, _ = rest.partition(":")
    return file, int(number) if number.isdecimal() else 0, line
