from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.state.memo import Memo

_ASKED = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)))


@given(_ASKED)
def test_a_value_is_never_one_that_was_made_for_another_stamp(asked: list[tuple[str, int]]) -> None:
    memo = Memo(limit=2)
    for key, stamp in asked:
        assert memo.get(key, stamp, lambda made=(key, stamp): made) == (key, stamp)


def test_a_value_is_made_once_for_a_stamp() -> None:
    memo, counted = Memo(), itertools.count()
    values = [memo.get("k", stamp, lambda: next(counted)) for stamp in (1, 1, 2, 2, 1)]
    assert values == [0, 0, 1, 1, 2]


def test_it_does_not_grow_without_end() -> None:
    memo = Memo(limit=10)
    for number in range(1000):
        memo.get(number, 0, lambda: "x")
    assert len(memo._kept) <= 10
