"""What a plan means: hot, restart or rebuild; downtime, dependents, data, secrets."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from homelab.operations.review import review_plan
from homelab.policy import evaluate
from homelab.policy.synthetic_plan import sketch_plan

ROOT = Path(__file__).parents[4]


def test_nothing_to_review_where_nothing_changes(declared: dict[str, Any]) -> None:
    review = review_plan(sketch_plan(declared, declared))

    assert review.items == ()
    assert review.is_ok


def test_warnings_count_in_a_strict_review_alone(declared: dict[str, Any]) -> None:
    after = copy.deepcopy(declared)
    after["containers"]["plex"]["description"] = ""
    plan = sketch_plan(after)
    judged = evaluate(plan, directory=ROOT / "terraform")
    assert judged.is_ok
    assert judged.warnings

    assert review_plan(plan, policy=judged).is_ok
    assert not review_plan(plan, policy=judged, strict=True).is_ok
