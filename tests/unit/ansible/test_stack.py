from __future__ import annotations

import string

import pytest
from ansible.errors import AnsibleActionFail
from hypothesis import given
from hypothesis import strategies as st


def parsed(line):
    """One line of an env file as Compose reads it."""
    name, _, value = line.partition("=")
    quote, inner = value[0], value[1:-1]
    assert value[-1] == quote
    if quote == "'":
        assert "'" not in inner
        return name, inner
    assert quote == '"'
    text, rest = "", iter(inner)
    for char in rest:
        if char == "\\":
            following = next(rest)
            text += "\n" if following == "n" else following
        else:
            assert char not in '"$', "would end the value, or be replaced"
            text += char
    return name, text


@given(st.text(alphabet=string.printable.replace("\r", "").replace("\x0b", "").replace("\x0c", "")))
def test_an_env_file_holds_the_value_as_it_is(stack, value):
    text = stack.env_text({"NAME": value})
    assert text.count("\n") == 1
    assert parsed(text[:-1]) == ("NAME", value)


def test_values_that_are_no_text(stack):
    assert stack.env_text({"A": 1, "B": ""}) == "A='1'\nB=''\n"


def test_the_digest_follows_meaning_not_spelling(stack):
    one = stack.digest_of({"services": {"a": {"image": "x", "ports": [1]}}}, {"f": "1"})
    assert one == stack.digest_of({"services": {"a": {"ports": [1], "image": "x"}}}, {"f": "1"})
    assert one != stack.digest_of({"services": {"a": {"image": "y", "ports": [1]}}}, {"f": "1"})
    assert one != stack.digest_of({"services": {"a": {"image": "x", "ports": [1]}}}, {"f": "2"})
    assert one != stack.digest_of({"services": {"a": {"image": "x", "ports": [1]}}}, {"g": "1"})


def test_secrets_without_a_value(stack):
    assert stack.missing_secrets(["A", "B", "C"], {"A": "x", "B": ""}) == ["B", "C"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: {a: [", "does not render to YAML"),
        ("- a", "describes no services"),
        ("services:", "describes no services"),
    ],
)
def test_a_compose_file_that_is_none(stack, text, said):
    with pytest.raises(AnsibleActionFail, match=f"container plex: .*{said}"):
        stack.ActionModule._parsed("plex", text)
