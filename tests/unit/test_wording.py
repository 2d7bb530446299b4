from __future__ import annotations

import pytest

from homelab.wording import counted, some_of


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 findings"), (1, "1 finding"), (2, "2 findings"), (21, "21 findings")]
)
def test_one_is_one_and_all_else_is_many(count: int, said: str) -> None:
    assert counted(count, "finding") == said


@pytest.mark.parametrize(
    ("names", "said"), [("", ""), ("a", "a"), ("abc", "a, b, c"), ("abcde", "a, b, c and 2 more")]
)
def test_what_there_is_no_room_for_is_counted(names: str, said: str) -> None:
    assert some_of(names, 3) == said
