from __future__ import annotations

from dataclasses import dataclass

import pytest

from homelab.lab.state.typed import load


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    name: str
    size: int = 0
    share: float = 1.0
    on: bool = True
    tags: tuple[str, ...] = ()


def test_a_record_is_read_with_its_types() -> None:
    found = load(_Record, {"name": "a", "size": 5, "share": 2, "tags": ["x"], "unknown": {}})
    assert found == _Record(name="a", size=5, share=2.0, tags=("x",))


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"name": 5},
        {"name": "a", "size": "5"},
        {"name": "a", "size": True},
        {"name": "a", "on": 1},
        {"name": "a", "share": "x"},
        {"name": "a", "tags": "x"},
        {"name": "a", "tags": [1]},
    ],
)
def test_a_record_of_other_types_is_none(value: dict[str, object] | None) -> None:
    assert load(_Record, value) is None
