from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tf.types import Unknown

from homelab.provider.fields import Field, Group, Kind, Layout, Nesting, same_value

_VALUES = {
    Kind.STRING: st.none() | st.text(max_size=5),
    Kind.NUMBER: st.none() | st.integers(-9, 9),
    Kind.BOOL: st.none() | st.booleans(),
    Kind.STRINGS: st.none() | st.lists(st.text(max_size=3), max_size=2),
}
_FIELDS = tuple(Field(name=kind.value, kind=kind) for kind in _VALUES)
_ELEMENTS = st.fixed_dictionaries({kind.value: values for kind, values in _VALUES.items()})


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [("", None, True), (0, None, True), (False, None, True), ("0", None, False), (1, 2, False)],
)
def test_an_unset_value_and_its_zero_are_one(left: object, right: object, same: object) -> None:
    assert same_value(left, right) is same
    assert same_value(right, left) is same


@given(st.lists(_ELEMENTS, max_size=3))
def test_blocks_are_read_as_they_were_written(elements) -> None:
    for nesting in (Nesting.LIST, Nesting.SET):
        block = Group(name="mountpoint", nesting=nesting, fields=_FIELDS).block()
        assert block.decode(block.encode(elements)) == elements


@given(st.none() | st.just(Unknown) | _ELEMENTS)
def test_a_single_block_may_be_missing_or_unknown(element) -> None:
    block = Group(name="rootfs", nesting=Nesting.SINGLE, fields=_FIELDS).block()
    assert block.decode(block.encode(element)) == element


def test_the_schema_is_terraforms() -> None:
    layout = Layout(
        fields=(
            Field(name="name", required=True),
            Field(name="password", sensitive=True),
            Field(name="vmid", kind=Kind.NUMBER, computed=True),
            Field(name="tags", kind=Kind.STRING_MAP),
        ),
        groups=(Group(name="rootfs", nesting=Nesting.LIST, fields=_FIELDS, max_items=1),),
    )
    block = layout.schema().to_pb().block
    said = {one.name: one for one in block.attributes}
    assert (said["name"].required, said["name"].optional) == (True, False)
    assert (said["password"].sensitive, said["vmid"].computed) == (True, True)
    assert [json.loads(one.type) for one in block.attributes] == [
        "string",
        "string",
        "number",
        ["map", "string"],
    ]
    assert block.block_types[0].max_items == 1
    assert layout.empty() == {
        "name": None,
        "password": None,
        "vmid": None,
        "tags": None,
        "rootfs": [],
    }
