"""The policy as one call of the library."""

from __future__ import annotations

import pytest

import homelab
from homelab.model import Topology
from homelab.policy.synthetic_plan import sketch_plan


def test_the_facade(topology: Topology) -> None:
    report = homelab.policy.evaluate(sketch_plan(topology), topology)

    assert report.is_ok
    assert homelab.policy.evaluate(None, topology).is_ok
    with pytest.raises(ValueError, match="neither"):
        homelab.policy.evaluate(None)
