"""A dataclass as the words of a command line, and back: for a process that is told it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_origin

from homelab.options.option import fields_of

if TYPE_CHECKING:
    import argparse

    from _typeshed import DataclassInstance

Result = TypeVar("Result", bound="DataclassInstance")


def to_words(options: DataclassInstance) -> tuple[str, ...]:
    """`--name VALUE` for each field that is not None; several times for a tuple or a mapping."""
    words: list[str] = []
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if isinstance(value, Mapping):
            value = tuple(f"{key}={item}" for key, item in value.items())
        elif value is None:
            continue
        for item in value if isinstance(value, tuple) else (value,):
            words += [_flag(field), str(item)]
    return tuple(words)


def add_words(parser: argparse.ArgumentParser, kind: type[DataclassInstance]) -> None:
    """Have a parser know the words of a class."""
    from argparse import SUPPRESS  # only the process that is told needs it

    for field in dataclasses.fields(kind):
        declared = fields_of(kind)[field.name].kind
        many = get_origin(declared)
        parser.add_argument(
            _flag(field),
            type=_pair if many is Mapping else str if many is tuple else declared,
            action="append" if many else "store",
            required=field.default is dataclasses.MISSING,
            default=SUPPRESS,
        )


def from_words(kind: type[Result], words: argparse.Namespace) -> Result:
    """The options that the words of `to_words` are about, once such a parser has read them."""
    values: dict[str, Any] = {}
    for name in {field.name for field in dataclasses.fields(kind)} & vars(words).keys():
        many = get_origin(fields_of(kind)[name].kind)
        read = getattr(words, name)
        values[name] = dict(read) if many is Mapping else tuple(read) if many is tuple else read
    return kind(**values)


def _flag(field: dataclasses.Field[Any]) -> str:
    return f"--{field.name.replace('_', '-')}"


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value
