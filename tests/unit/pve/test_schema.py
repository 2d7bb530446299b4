from __future__ import annotations

import re

import pytest

from homelab.pve.schema import (
    FLAG,
    GREATEST,
    PARAGRAPHS,
    REQUIRED,
    WHOLE,
    Parameter,
    ParameterError,
    ParameterType,
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


@pytest.mark.parametrize(
    "text", ["+1", "1_000", " 1", "1 ", "\u0663", "\uff11", "\u00b2", "1e3", "9" * 41, "NaN", "\n1"]
)
def test_an_integer_is_ascii_digits(text: str) -> None:
    with pytest.raises(ParameterError) as caught:
        verify({"x": text}, {"x": WHOLE})
    assert caught.value.errors["x"].startswith("type check ('integer') failed - got '")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (str(1 << 63), "integer"),
        ("9" * 30, "integer"),
        ("9" * 30, "number"),
        (f"-{1 << 64}", "number"),
    ],
)
def test_numbers_have_64_bits(text: str, kind: ParameterType) -> None:
    with pytest.raises(ParameterError) as caught:
        verify({"x": text}, {"x": Parameter(type=kind)})
    assert re.search(r"value must have a m(?:ax|in)imum value of -?9", caught.value.errors["x"])


def test_the_greatest_numbers_are_taken() -> None:
    for text in (str(GREATEST), str(-GREATEST)):
        assert verify({"x": text}, {"x": WHOLE}).integer("x") == int(text)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (Parameter(), "a\nb"),
        (Parameter(), "a\x1b[0m"),
        (Parameter(), "a\u2028b"),
        (Parameter(), "a\x85b"),
        (Parameter(is_list=True), "a\x1bb"),
        (PARAGRAPHS, "a\0b"),
        (Parameter(controls=None), "\ud800"),
    ],
)
def test_control_characters_are_refused_where_nothing_asks_for_them(
    parameter: Parameter, text: str
) -> None:
    with pytest.raises(ParameterError):
        verify({"x": text}, {"x": parameter})


@pytest.mark.parametrize(
    ("parameter", "text"),
    [(PARAGRAPHS, "a\nb\tc"), (Parameter(is_list=True), "a\n b"), (Parameter(controls=None), "\0")],
)
def test_control_characters_are_taken_where_they_belong(parameter: Parameter, text: str) -> None:
    assert verify({"x": text}, {"x": parameter}).text("x") == text


def test_names_that_no_reply_can_carry_are_refused_readably() -> None:
    with pytest.raises(ParameterError) as caught:
        verify({"\ud800": "1"}, {})
    assert list(caught.value.errors) == ["\ufffd"]


def test_texts_and_arrays_have_an_end() -> None:
    for parameter, value in ((Parameter(), "x" * 65537), (Parameter(type="array"), ["x"] * 1001)):
        with pytest.raises(ParameterError):
            verify({"x": value}, {"x": parameter})


def test_small_numbers_are_written_without_an_exponent() -> None:
    assert verify({"x": "0.00001"}, {"x": Parameter(type="number")}).text("x") == "0.00001"
