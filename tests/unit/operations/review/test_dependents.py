from __future__ import annotations

from homelab.operations.review.dependents import dependents


def test_dependents_are_transitive_and_nearest_first() -> None:
    needs = {"a": (), "b": ("a",), "c": ("b",), "d": ("a", "c"), "e": ("e",)}

    assert dependents(needs)["a"] == ("b", "d", "c")
    assert dependents(needs)["e"] == ()
