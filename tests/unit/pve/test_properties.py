from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.pve.properties import (
    PropertyStringError,
    format_property_string,
    parse_property_string,
)

_TEXT = st.text(
    st.characters(codec="ascii", exclude_categories=("Cc", "Cs"), exclude_characters=",="),
    min_size=1,
    max_size=8,
).filter(lambda text: text == text.strip())


def test_the_default_key_may_be_bare_or_written_out() -> None:
    bare = parse_property_string("local:4,mp=/data", default_key="volume")
    named = parse_property_string("mp=/data,volume=local:4", default_key="volume")
    assert bare == named == {"volume": "local:4", "mp": "/data"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=1,a=2", "duplicate key in comma-separated list property: a"),
        ("a=", "missing key in comma-separated list property"),
        ("=1", "missing key in comma-separated list property"),
        ("a= ", "missing key in comma-separated list property"),
        (" =1", "missing key in comma-separated list property"),
        ("bare", "value without key, but schema does not define a default key"),
    ],
)
def test_broken_strings_are_refused_in_pves_words(text: str, message: str) -> None:
    with pytest.raises(PropertyStringError, match=message):
        parse_property_string(text)


def test_writing_puts_the_default_key_first_then_required_keys_then_the_rest_sorted() -> None:
    values = {"size": "1G", "mp": "/data", "backup": "1", "volume": "local:x"}
    written = format_property_string(values, default_key="volume", required=("mp", "volume"))
    assert written == "local:x,mp=/data,backup=1,size=1G"


@pytest.mark.parametrize("values", [{"a": "x,y"}, {"a": ""}, {"": "x"}, {"a,b": "x"}])
def test_what_could_not_be_read_back_is_not_written(values: dict[str, str]) -> None:
    with pytest.raises(PropertyStringError):
        format_property_string(values)


@given(st.dictionaries(_TEXT, _TEXT, min_size=1))
def test_what_is_written_is_read_back(values: dict[str, str]) -> None:
    default = min(values)
    text = format_property_string(values, default_key=default)
    assert parse_property_string(text, default_key=default) == values


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        values = parse_property_string(text, default_key="volume")
    except PropertyStringError:
        return
    again = format_property_string(values, default_key="volume") if values else ""
    assert parse_property_string(again, default_key="volume") == values
