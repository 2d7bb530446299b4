from __future__ import annotations

import pytest

from homelab.wording import counted


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 findings"), (1, "1 finding"), (2, "2 findings"), (21, "21 findings")]
)
def test_one_is_one_and_all_else_is_many(count: int, said: str) -> None:
    assert counted(count, "finding") == said
