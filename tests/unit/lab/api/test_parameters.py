from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.api.parameters import read_parameters
from homelab.lab.failures import ApiFailureError
from homelab.pve.schema import ParameterError

_JSON = "application/json"


def test_the_query_wins_over_the_body() -> None:
    assert read_parameters("a=1", None, b"a=2&b=3&b=4") == {"a": "1", "b": ["3", "4"]}


def test_json_becomes_what_a_form_would_say() -> None:
    body = b'{"a": 1, "b": true, "c": [1, "x"], "d": null, "e": 1.5, "f": "y"}'
    assert read_parameters("", _JSON, body) == {
        "a": "1",
        "b": "1",
        "c": ["1", "x"],
        "e": "1.5",
        "f": "y",
    }


@pytest.mark.parametrize("digits", ["9" * 5000, str(1 << 64), "-1"])
def test_whole_numbers_of_json_are_read_digit_by_digit(digits: str) -> None:
    assert read_parameters("", _JSON, f'{{"a": {digits}}}'.encode()) == {"a": digits}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1e400", "type check ('string') failed - got 'inf'"),
        ('{"x": 1}', "type check ('string') failed - got HASH"),
        ("[[1]]", "type check ('string') failed - got ARRAY"),
        ("[null]", "type check ('string') failed - got UNDEF"),
    ],
)
def test_values_that_no_form_could_say_are_refused(value: str, text: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read_parameters("", _JSON, f'{{"a": {value}, "b": 1}}'.encode())
    assert caught.value.errors == {"a": text}


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(ApiFailureError) as caught:
        read_parameters("", _JSON, b"[" * 100_000 + b"]" * 100_000)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 500), (b"[]", 500), (b"\xff", 500), (b"5", 500)]
)
def test_what_is_no_object_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(ApiFailureError) as caught:
        read_parameters("", _JSON, body)
    assert caught.value.status == status


def test_another_type_of_body_is_refused() -> None:
    with pytest.raises(ApiFailureError) as caught:
        read_parameters("", "text/xml", b"<a/>")
    assert caught.value.status == 506


@given(values=st.dictionaries(st.text(min_size=1), st.text(), max_size=4))
def test_forms_and_json_say_the_same(values: dict[str, str]) -> None:
    form = urlencode(values).encode()
    assert read_parameters("", None, form) == values
    assert read_parameters(form.decode(), None, b"") == values
    assert read_parameters("", _JSON, json.dumps(values).encode()) == values


@given(body=st.binary(max_size=40), kind=st.sampled_from((None, _JSON)))
def test_any_bytes_are_read_or_refused(body: bytes, kind: str | None) -> None:
    try:
        read_parameters("", kind, body)
    except (ApiFailureError, ParameterError) as error:
        assert str(error)  # noqa: PT017
