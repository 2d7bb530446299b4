from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.pve.tags import normalise_tags


@given(st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_+.-]{0,6}", fullmatch=True)))
def test_tags_are_normal_after_once(tags: list[str]) -> None:
    once = normalise_tags(",".join(tags))
    assert normalise_tags(once) == once
    assert once.split(";") == sorted({tag.lower() for tag in tags}) or not tags


def test_characters_that_pve_refuses_are_named() -> None:
    with pytest.raises(ValueError, match="invalid characters in tag 'a!'"):
        normalise_tags("b;a!")


def test_no_tags_are_an_empty_text() -> None:
    assert normalise_tags(" ;,") == ""
