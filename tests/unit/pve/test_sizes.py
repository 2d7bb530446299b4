from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.pve.sizes import format_size, parse_size


@given(st.integers(0, 1 << 60))
def test_there_and_back(size: int) -> None:
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("text", "size"), [("8G", 8 << 30), ("1024M", 1 << 30), ("1.5K", 1536), ("7", 7)]
)
def test_parse(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "8GB", "-1G", "8 G", "big"])
def test_not_a_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)
