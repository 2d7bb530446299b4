from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.operations.review.differences import REDACTED, UNKNOWN, differences

_SECRET = "correct horse battery"


@pytest.mark.parametrize(
    ("before", "after", "marks"),
    [
        ({"password": None}, {"password": _SECRET}, ({"password": True}, {"password": True})),
        ({"x": _SECRET}, {"x": "public"}, ({"x": True}, None)),
        ({"x": [{"y": _SECRET}]}, {"x": [{"y": "z"}]}, ({"x": True}, False)),
        ({"environment": {"DB_PASSWORD": "a"}}, {"environment": {"DB_PASSWORD": _SECRET}}, (0, 0)),
        ({"url": "a"}, {"url": f"postgres://me:{_SECRET.replace(' ', '-')}@db/x"}, (0, 0)),
        ({"api_token": "a"}, {"api_token": _SECRET}, (0, 0)),
    ],
)
def test_secrets_are_redacted(before: Any, after: Any, marks: Any) -> None:
    found = differences(before, after, sensitive=marks)

    said = " ".join(str(one) for one in found)
    assert REDACTED in said
    assert _SECRET not in said
    assert _SECRET.replace(" ", "-") not in said


@given(st.dictionaries(st.sampled_from("abc"), st.text(min_size=1), min_size=1))
def test_what_terraform_marks_is_never_shown(values: dict[str, str]) -> None:
    marked = {key: f"<{value}>" for key, value in values.items()}

    found = differences({}, marked, sensitive=({}, dict.fromkeys(marked, True)))

    assert all(one.before == "(none)" and one.after == REDACTED for one in found)
    assert len(found) == len(marked)


def test_values_of_the_future_are_said_to_be_that() -> None:
    found = differences({"ip": "a", "id": 1}, {"ip": None}, unknown={"ip": True, "id": True})

    assert [(one.name, one.after) for one in found] == [("ip", UNKNOWN)]
