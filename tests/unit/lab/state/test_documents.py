from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homelab.lab.state.database import StateError
from homelab.lab.state.documents import (
    DamagedError,
    document,
    document_to_change,
    documents,
    put_document,
    remove_document,
)

_VALUES = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    ),
    max_size=4,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=_VALUES)
def test_what_is_kept_is_read_back(state, value) -> None:
    with state.transaction() as transaction:
        put_document(transaction, "kind", "key", value)
    assert document(state, "kind", "key") == value


def test_kinds_are_apart_and_keys_are_in_order(state) -> None:
    with state.transaction() as transaction:
        for kind, key in (("a", "2"), ("b", "1"), ("a", "1"), ("a", "10")):
            put_document(transaction, kind, key, {"is": f"{kind}{key}"})
    assert documents(state, "a") == {"1": {"is": "a1"}, "10": {"is": "a10"}, "2": {"is": "a2"}}
    assert list(documents(state, "a")) == ["1", "10", "2"]
    assert documents(state, "c") == {}
    assert document(state, "b", "2") is None


def test_removing_says_whether_there_was_one(state) -> None:
    with state.transaction() as transaction:
        put_document(transaction, "a", "1", {})
        assert not remove_document(transaction, "b", "1")
        assert remove_document(transaction, "a", "1")
        assert not remove_document(transaction, "a", "1")


@pytest.mark.parametrize("value", [{"a": "\ud800"}, {"a": 1 << 70}, {"a": object()}])
def test_what_would_not_read_back_is_not_kept(state, value) -> None:
    with pytest.raises(StateError), state.transaction() as transaction:
        put_document(transaction, "kind", "key", value)
    assert documents(state, "kind") == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", '{"a": "\\ud800"}', "[" * 5000])
def test_a_damaged_record_is_said_and_the_others_are_read(state, text: str) -> None:
    with state.transaction() as transaction:
        put_document(transaction, "kind", "whole", {"a": 1})
        transaction.execute("INSERT INTO documents VALUES ('kind', 'damaged', ?)", text)
    assert documents(state, "kind") == {"damaged": None, "whole": {"a": 1}}
    assert document_to_change(state, "kind", "damaged") == {}
    with pytest.raises(DamagedError, match="kind 'damaged' is damaged"):
        document(state, "kind", "damaged")
