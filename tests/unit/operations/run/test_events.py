from __future__ import annotations

import pytest

from homelab.operations.run.events import State


@pytest.mark.parametrize("state", State)
def test_what_waits_or_runs_is_not_at_its_end(state: State) -> None:
    assert state.is_final is (state not in {"waiting", "running"})
