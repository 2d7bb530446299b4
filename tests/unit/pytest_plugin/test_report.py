"""What a session shows of a test that failed with the words of others."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

_TEST = r"""
import pytest

@pytest.fixture
def access():
    return "said \x1b[2J"

@pytest.fixture
def broken(access):
    raise RuntimeError("\x1b]0;title\x07\u202e broken")

def test_fails(access):
    print("printed \x9b2J")
    raise ValueError(access)

def test_is_not_set_up(broken):
    pass

def test_compares(access):
    assert access == "b"

def test_skips(access):
    pytest.skip("skipped \x1b[2J")

def test_of_something_else():
    print("\x1b[31mred\x1b[0m")
    raise ValueError("own")
"""


@pytest.mark.parametrize("more", [(), ("--showlocals",), ("--tb=native",), ("--tb=short",)])
def test_nothing_that_a_terminal_obeys_is_shown(
    pytester: pytest.Pytester, more: tuple[str, ...]
) -> None:
    pytester.makepyfile(_TEST)

    result = pytester.runpytest_inprocess("-rA", "--color=no", *more)

    result.assert_outcomes(failed=3, errors=1, skipped=1)
    shown = result.stdout.str()
    assert shown.count("\x1b") == 2 * shown.count("\x1b[31mred\x1b[0m")
    assert not {"\x9b", "\x07", "\u202e"} & set(shown)
    for said in (r"said \x1b[2J", r"\x1b]0;title\x07\u202e broken", r"printed \x9b2J"):
        assert said in shown
    assert "\x1b[31mred\x1b[0m" in shown, "what other tests print is their own"
