from __future__ import annotations

import pytest

from homelab.pve.schema import (
    FLAG,
    REQUIRED,
    WHOLE,
    Parameter,
    ParameterError,
    RawValue,
    split_list,
    verify,
)


@pytest.mark.parametrize(
    ("value", "parameter", "text"),
    [
        ("true", FLAG, "type check ('boolean') failed - got 'true'"),
        ("x", WHOLE, "type check ('integer') failed - got 'x'"),
        ("", WHOLE, "type check ('integer') failed - got ''"),
        ("1.5", WHOLE, "type check ('integer') failed - got '1.5'"),
        ("x", Parameter(type="number"), "type check ('number') failed - got 'x'"),
        (
            "15",
            Parameter(type="integer", minimum=16),
            "value must have a minimum value of 16",
        ),
        (
            "1000000000",
            Parameter(type="integer", maximum=999_999_999),
            "value must have a maximum value of 999999999",
        ),
        (
            "c",
            Parameter(enum=("a", "b")),
            "value 'c' does not have a value in the enumeration 'a, b'",
        ),
        ("abc", Parameter(max_length=2), "value may only be 2 characters long"),
        ("a", Parameter(min_length=5), "value must be at least 5 characters long"),
        ("a b", Parameter(pattern=r"\S+"), "value does not match the regex pattern"),
        (["a", "b"], Parameter(), "type check ('string') failed - got ARRAY"),
    ],
)
def test_wrong_values_are_refused_in_pves_words(
    value: RawValue, parameter: Parameter, text: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        verify({"x": value}, {"x": parameter})
    assert caught.value.errors == {"x": text}
    assert caught.value.message == "Parameter verification failed."


def test_every_problem_is_listed() -> None:
    with pytest.raises(ParameterError) as caught:
        verify({"other": "1"}, {"needed": REQUIRED})
    assert caught.value.errors == {
        "needed": "property is missing and it is not optional",
        "other": (
            "property is not defined in schema and the schema does not allow additional properties"
        ),
    }


def test_a_format_error_says_so() -> None:
    def check(text: str) -> str:
        raise ValueError(f"bad {text}")

    with pytest.raises(ParameterError) as caught:
        verify({"x": "y"}, {"x": Parameter(check=check)})
    assert caught.value.errors == {"x": "invalid format - bad y"}


def test_values_have_their_types() -> None:
    args = verify(
        {"n": "5", "f": "1", "r": "1.50", "list": ["a", "b"], "many": "one"},
        {
            "n": WHOLE,
            "f": FLAG,
            "r": Parameter(type="number"),
            "list": Parameter(is_list=True),
            "many": Parameter(type="array"),
        },
    )
    assert args.integer("n") == 5
    assert args.flag("f") is True
    assert args.flag("absent") is False
    assert args.text("r") == "1.5"
    assert args.text("f") == "1"
    assert args.words("list") == ("a", "b")
    assert args.text("many") == "one"
    assert sorted(args) == ["f", "list", "many", "n", "r"]


def test_lists_are_split_at_commas_semicolons_and_blanks() -> None:
    assert split_list("net1, net2;mp0  mp1") == ("net1", "net2", "mp0", "mp1")
