from __future__ import annotations

import pytest

from homelab.operations.review.budget import budget, duration


@pytest.mark.parametrize(
    ("slo", "text"),
    [(99.9, "43 m 12 s"), (99.5, "3 h 36 m"), (99.0, "7 h 12 m"), (100, "0 s"), (90, "3 d")],
)
def test_error_budget(slo: float, text: str) -> None:
    assert duration(budget(slo)) == text
