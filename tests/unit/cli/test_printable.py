from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from homelab.cli.printable import on_one_line, printable


@given(st.text())
def test_nothing_that_moves_a_cursor_is_left(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert {one for one in shown if unicodedata.category(one) == "Cc"} <= {"\t", "\n"}
    assert printable(shown) == shown


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert len(on_one_line(text).splitlines()) <= 1


def test_what_can_be_read_stays() -> None:
    assert printable("a\tb\nç 家\x1b[31m") == "a\tb\nç 家\ufffd[31m"
    assert on_one_line("a\n  b\r\x07") == "a b \ufffd"
