from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from homelab.repository.shapes import differences, merged, shape_of

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(_VALUES)
def test_nothing_differs_from_itself(value) -> None:
    assert differences(shape_of(value), shape_of(value)) == []


@given(_VALUES, _VALUES)
def test_each_of_two_fits_what_both_have_in_common(one, other) -> None:
    common = merged(shape_of(one), shape_of(other))
    assert differences(common, shape_of(one)) == []
    assert differences(common, shape_of(other)) == []


@given(_VALUES)
def test_a_shape_has_no_values(value) -> None:
    marked = json.loads(json.dumps(value).replace("null", '"a secret"'))
    assert "a secret" not in json.dumps(shape_of(marked))


def test_what_is_missing_and_what_is_of_another_type_are_told() -> None:
    recorded = shape_of([{"vmid": 100, "name": "web"}, {"vmid": 101}])
    assert differences(recorded, shape_of([{"vmid": "100"}])) == [
        "[].vmid is string, and was number"
    ]
    assert differences(recorded, shape_of([{"name": "web"}])) == ["[].vmid is missing"]
    assert differences(recorded, shape_of([{"vmid": 1, "more": 1}])) == []
