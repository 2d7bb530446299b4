from __future__ import annotations

import pytest

from homelab.errors import UnreachableError
from homelab.lab import Fault, Lab
from homelab.operations.target.faults import add_fault, clear_faults, list_faults


def test_faults_are_those_of_the_lab_at_that_place(shared: Lab, tmp_path) -> None:
    added = add_fault(shared.state_dir, Fault(path="/nowhere"))
    assert list_faults(shared.state_dir) == (added,)
    assert clear_faults(shared.state_dir, None) == 1
    assert list_faults(shared.state_dir) == ()
    with pytest.raises(UnreachableError, match="does not run"):
        list_faults(tmp_path / "none")
