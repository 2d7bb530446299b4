from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homelab.lab.state.documents import document, documents, put_document, remove_document

_VALUES = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
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
