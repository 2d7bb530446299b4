"""A reviewed plan for programs."""

from __future__ import annotations

from typing import Any

from homelab.operations.review.items import ItemReview
from homelab.operations.review.preflight import Preflight
from homelab.operations.review.report import PlanReport
from homelab.operations.review.reviewed import Review
from homelab.policy.formats import to_json as policy_json
from homelab.pve.telmate.privileges import Need


def to_json(report: PlanReport, review: Review | None) -> dict[str, Any]:
    """The plan with its review; secrets are left out."""
    data = report.to_json()
    if review is None:
        return data
    return {
        **data,
        "ok": review.is_ok,
        "review": [_item(item) for item in review.items],
        "opened": list(review.opened),
        "closed": list(review.closed),
        "privileges": None if review.preflight is None else _preflight(review.preflight),
        "policy": None if review.policy is None else policy_json(review.policy),
    }


def _item(item: ItemReview) -> dict[str, Any]:
    return {
        "container": item.name,
        "action": item.action,
        "impact": item.impact.name.lower(),
        "changes": [
            {"attribute": one.name, "before": one.before, "after": one.after}
            for one in item.differences
        ],
        "downtime_seconds": item.downtime,
        "budget_seconds": item.budget,
        "dependents": list(item.dependents),
        "data_at_risk": list(item.data_at_risk),
        "notes": list(item.notes),
    }


def _preflight(found: Preflight) -> dict[str, Any]:
    return {
        "user": found.user,
        "ok": found.is_ok,
        "needs": [_need(need) for need in found.needs],
        "missing": [_need(need) for need in found.missing],
        "root_only": [
            {"container": line.item, "attribute": line.attribute, "why": line.why}
            for line in found.root_only
        ],
    }


def _need(need: Need) -> dict[str, Any]:
    return {"paths": list(need.paths), "any_of": list(need.any_of), "for": list(need.items)}
