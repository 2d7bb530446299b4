"""What an option is, and which of its values applies when several places say one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Where a value may be said, what applies where nobody does, and what it means.

    A class that has the option annotates a field with it: `Annotated[str | None, LISTEN]`. The
    field's type is the option's; None is nothing said.
    """

    help: str
    """A sentence or two for people."""
    flag: str | None = None
    """Such as --listen, on the command line."""
    metavar: str | None = None
    variable: str | None = None
    """Such as HOMELAB_LAB_LISTEN, in the environment."""
    key: str | None = None
    """Such as targets.lab.listen, in homelab.local.toml and homelab.toml."""
    default: str | float | None = None
    otherwise: str | None = None
    """What applies without a value, in words, where that is no constant."""
    least: int | None = None
    most: int | None = None
    is_directory: bool = False

    @property
    def shown_default(self) -> str:
        """The default for people; empty where there is none."""
        if self.otherwise is not None:
            return self.otherwise
        return "" if self.default is None else str(self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a class, without None and what is annotated."""

    kind: Any
    """Its type, such as Path, or Literal["a", "b"]."""
    option: Option | None


def fields_of(kind: type) -> Mapping[str, Field]:
    """The fields of a class by their names, in its order."""
    return _fields(kind)


def options_of(kind: type) -> Mapping[str, Option]:
    """The options that a class has, by the names of its fields."""
    return {name: field.option for name, field in fields_of(kind).items() if field.option}


def said(source: object, option: Option) -> object:
    """What a value says for an option; None for nothing, which an empty text is too."""
    for name, own in options_of(type(source)).items():
        if own is option:
            value = getattr(source, name)
            return None if value == "" else value
    return None


def ranked(kind: type[Result], *sources: object) -> Result:
    """A `kind` each of whose options is from the first source that says it, else its default."""
    values = {
        name: next(
            (value for source in sources if (value := said(source, option)) is not None),
            option.default,
        )
        for name, option in options_of(kind).items()
    }
    return kind(**values)


@cache
def _fields(kind: type) -> Mapping[str, Field]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: _field(hint) for name, hint in hints.items()}


def _field(hint: Any) -> Field:
    option = None
    if get_origin(hint) is Annotated:
        hint, *notes = get_args(hint)
        option = next((note for note in notes if isinstance(note, Option)), None)
    if get_origin(hint) in {Union, UnionType}:
        hint = next(part for part in get_args(hint) if part is not NoneType)
    return Field(kind=hint, option=option)
