from __future__ import annotations

import pytest

from homelab.errors import UnreachableError
from homelab.lab import Fault, Lab
from homelab.operations.target.faults import add_fault, clear_faults, list_faults
from homelab.options.lab import LabOptions


def test_faults_are_those_of_the_lab_at_that_place(shared: Lab, tmp_path) -> None:
    here = LabOptions(state=shared.state_dir)
    added = add_fault(here, Fault(path="/nowhere"))
    assert list_faults(here) == (added,)
    assert clear_faults(here, None) == 1
    assert list_faults(here) == ()
    with pytest.raises(UnreachableError, match="does not run"):
        list_faults(LabOptions(state=tmp_path / "none"))
