"""A resource's schema as data: attributes with defaults, nested blocks, and what changes replace it.

The framework's schema knows neither defaults of plain attributes nor list blocks; both are needed
to plan what Telmate's provider plans.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from tf.gen import tfplugin_pb2 as pb
from tf.schema import Attribute, Block, NestedBlock, NestMode, Schema
from tf.types import Bool, List, Map, Number, String, TfType, Unknown

State: TypeAlias = dict[str, Any]
"""A resource's attributes and blocks as Terraform has them; None is null."""


def same_value(left: object, right: object) -> bool:
    """Whether two values mean the same to PVE, where an unset value and its zero are one."""
    return (left or None) == (right or None)


class Kind(StrEnum):
    """The type of an attribute."""

    STRING = "string"
    NUMBER = "number"
    BOOL = "bool"
    STRINGS = "strings"
    STRING_MAP = "string map"


class Nesting(StrEnum):
    """How a nested block repeats."""

    LIST = "list"
    SET = "set"
    SINGLE = "single"


_TYPES: Mapping[Kind, Callable[[], TfType]] = {
    Kind.STRING: String,
    Kind.NUMBER: Number,
    Kind.BOOL: Bool,
    Kind.STRINGS: lambda: List(String()),
    Kind.STRING_MAP: lambda: Map(String()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One attribute."""

    name: str
    kind: Kind = Kind.STRING
    required: bool = False
    optional: bool = True
    computed: bool = False
    sensitive: bool = False
    default: str | int | bool | None = None
    replaces: bool = False
    """Whether a change makes a new resource of it."""
    same: Callable[[Any, Any], bool] = same_value
    """Whether two values mean the same, so that a plan shows no change."""

    def attribute(self) -> Attribute:
        """The framework's form."""
        return Attribute(
            self.name,
            _TYPES[self.kind](),
            required=self.required,
            optional=self.optional and not self.required,
            computed=self.computed,
            sensitive=self.sensitive,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One kind of nested block."""

    name: str
    nesting: Nesting
    fields: tuple[Field, ...]
    max_items: int | None = None

    def block(self) -> NestedBlock:
        """The framework's form."""
        return _FieldBlock(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All attributes and blocks of a resource or of the provider."""

    fields: tuple[Field, ...]
    groups: tuple[Group, ...] = ()

    def schema(self) -> Schema:
        """The framework's form."""
        return Schema(
            version=0,
            attributes=[field.attribute() for field in self.fields],
            block_types=[group.block() for group in self.groups],
        )

    def empty(self) -> State:
        """A state in which nothing is set."""
        state: State = {field.name: None for field in self.fields}
        for group in self.groups:
            state[group.name] = None if group.nesting is Nesting.SINGLE else []
        return state


class _FieldBlock(NestedBlock):  # type: ignore[misc]
    """A nested block of any nesting; the framework itself has sets only."""

    def __init__(self, group: Group) -> None:
        block = Block(attributes=[field.attribute() for field in group.fields])
        super().__init__(group.name, NestMode.Set, block, max_items=group.max_items)
        self._group = group
        self._types = {field.name: _TYPES[field.kind]() for field in group.fields}

    def to_pb(self) -> pb.Schema.NestedBlock:
        return pb.Schema.NestedBlock(
            type_name=self.type_name,
            block=self.block.to_pb(),
            nesting=pb.Schema.NestedBlock.NestingMode.Value(self._group.nesting.name),
            max_items=self.max_items,
        )

    def encode(self, value: Any) -> Any:
        return self._each(value, "encode")

    def decode(self, value: Any) -> Any:
        return self._each(value, "decode")

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:
        return bool(a_decoded == b_decoded)

    def _each(self, value: Any, way: str) -> Any:
        if value is None or value is Unknown:
            return value
        if self._group.nesting is Nesting.SINGLE:
            return self._one(value, way)
        return [self._one(element, way) for element in value]

    def _one(self, element: Any, way: str) -> Any:
        if element is None or element is Unknown:
            return element
        return {
            name: part if part is Unknown else getattr(self._types[name], way)(part)
            for name, part in element.items()
        }
