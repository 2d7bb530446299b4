from __future__ import annotations

import pytest

from homelab.repository.lint.finding import Finding


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({}, "(project): bad [rule]"),
        ({"path": "a.py"}, "a.py: bad [rule]"),
        ({"path": "a.py", "line": 3}, "a.py:3: bad [rule]"),
    ],
)
def test_a_finding_says_its_place_as_editors_understand_it(where, said: str) -> None:
    assert str(Finding(rule="rule", message="bad", **where)) == said
