"""A contradiction in the topology, as a value that knows where it was declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homelab.errors import TopologyError

if TYPE_CHECKING:
    from pydantic import ValidationError

Where = tuple[str | int, ...]
"""A place in a topology, such as `("containers", 3, "service", "ports", 0)`."""

Locate = Callable[[Where], str]
"""Says where a place was declared, as a person wants to read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One contradiction; `other` is the place that it contradicts, where there is one."""

    path: Where
    message: str
    other: Where | None = None

    def render(self, locate: Locate) -> str:
        """The problem as one line: place, message, and the other place."""
        other = "" if self.other is None else f" (see {locate(self.other)})"
        return f"{locate(self.path)}: {self.message}{other}"


def raise_problems(problems: Iterable[Problem | str], locate: Locate) -> None:
    """Raise one error that lists all problems, sorted by place; do nothing without any."""
    lines = [
        problem if isinstance(problem, str) else problem.render(locate) for problem in problems
    ]
    if lines:
        raise TopologyError(sorted(dict.fromkeys(lines), key=_by_place))


def from_pydantic(
    error: ValidationError, prefix: Where, *, names: Mapping[str, Iterable[str]], subject: str
) -> list[Problem]:
    """Pydantic's complaints in the words of the topology.

    `names` are the attributes known at each dotted path, for a suggestion when one is misspelt.
    """
    problems = []
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
                message = f"{subject}: unknown attribute {dotted!r}{hint}"
            case "missing":
                message = f"{subject}: attribute {dotted!r} is missing"
                inner = inner[:-1]
            case _:
                text = detail["msg"].removeprefix("Value error, ")
                message = (
                    f"{subject}: {dotted} is {_short(detail['input'])}: {text[0].lower()}{text[1:]}"
                )
        problems.append(Problem(path=(*prefix, *inner), message=message))
    return problems


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
