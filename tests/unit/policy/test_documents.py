from __future__ import annotations

import pytest

from homelab import policy
from homelab.model import Topology
from homelab.policy.synthetic_plan import sketch_plan


@pytest.mark.parametrize("off", [False, "false"])
def test_protection_that_a_variable_turns_off_is_missing_where_data_may_not_go(
    topology: Topology, off: object
) -> None:
    plan = sketch_plan(topology)
    plan["variables"] = {"protect": {"value": off}}
    for resource in plan["resource_changes"]:
        resource["change"]["after"]["protection"] = False

    lab = policy.evaluate(plan, may_lose=None)
    real = policy.evaluate(plan, may_lose=())

    assert "HL401" not in {finding.rule.id for finding in lab.violations}
    found = [finding for finding in real.violations if finding.rule.id == "HL401"]
    assert "nextcloud" in {finding.item for finding in found}
    assert all("variable protect" in finding.message for finding in found)
