from __future__ import annotations

import copy
from typing import Any

from homelab.operations.review import review_plan, to_markdown, to_terminal
from homelab.operations.review.data import to_json
from homelab.operations.review.report import PlanReport
from homelab.policy.synthetic_plan import sketch_plan


def test_a_secret_in_a_plan_reaches_no_page(declared: dict[str, Any]) -> None:
    after = copy.deepcopy(declared)
    after["containers"]["grafana"]["service"]["environment"]["GF_DATABASE_PASSWORD"] = "hunter22"
    plan = sketch_plan(after, declared)
    change = next(r["change"] for r in plan["resource_changes"] if '"plex"' in str(r["address"]))
    change["after"] = {**change["after"], "password": "hunter22"}
    change["actions"] = ["update"]
    report = PlanReport(
        target="production", runtime=None, provider="telmate", changes=(), containers=28
    )

    review = review_plan(plan)
    pages = (
        to_markdown(report, review),
        *to_terminal(report, review),
        str(to_json(report, review)),
    )

    assert not [page for page in pages if "hunter22" in page]
    assert "GF_DATABASE_PASSWORD" in pages[0]


def test_the_page_begins_with_what_stops_the_plan(declared: dict[str, Any]) -> None:
    after = copy.deepcopy(declared)
    del after["containers"]["vaultwarden"]
    report = PlanReport(
        target="production", runtime=None, provider="telmate", changes=(), containers=27
    )

    page = to_markdown(report, review_plan(sketch_plan(after, declared)))

    assert page.index("Data is lost or detached") < page.index("| container |")
    assert page.index("| container |") < page.index("<details>")
