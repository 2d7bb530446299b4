"""The policy as one call of the library."""

from __future__ import annotations

from pathlib import Path

import pytest

import homelab
from homelab import policy
from homelab.model import Topology
from homelab.policy import Verdict
from homelab.policy.synthetic_plan import sketch_plan


def test_the_facade(topology: Topology) -> None:
    report = homelab.policy.evaluate(sketch_plan(topology), topology)

    assert report.is_ok
    assert homelab.policy.evaluate(None, topology).is_ok
    with pytest.raises(ValueError, match="neither"):
        homelab.policy.evaluate(None)


def test_a_tree_is_judged_with_what_its_tfvars_and_the_caller_say(tree: Path) -> None:
    latest = "local:vztmpl/debian-latest.tar.zst"
    (tree / "terraform.tfvars").write_text(f'template = "{latest}"\n')

    by_file = policy.evaluate_tree(tree)
    by_caller = policy.evaluate_tree(tree, variables={"template": "local:vztmpl/d_13.tar.zst"})

    assert by_file.verdicts["HL215"] is Verdict.FAIL
    assert by_caller.verdicts["HL215"] is Verdict.PASS
    assert policy.evaluate(None, Topology.load(tree)).verdicts["HL215"] is Verdict.FAIL
