"""What a plan means: hot, restart or rebuild; downtime, dependents, data, secrets."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.model import Topology, document_of
from homelab.operations.review import review_plan, to_markdown, to_terminal
from homelab.operations.review.budget import budget, duration
from homelab.operations.review.data import to_json
from homelab.operations.review.dependents import dependents
from homelab.operations.review.differences import REDACTED, UNKNOWN, differences
from homelab.operations.review.items import ItemReview
from homelab.operations.review.report import PlanReport
from homelab.policy import evaluate
from homelab.policy.synthetic_plan import sketch_plan
from homelab.pve.guest_change import Impact
from homelab.pve.telmate.steps import update_steps

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    return {**document_of(Topology.load(ROOT / "terraform")), "firewall_policy": "DROP"}


def _reviewed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, ItemReview]:
    return {item.name: item for item in review_plan(sketch_plan(after, before)).items}


@pytest.mark.parametrize(
    ("path", "value", "impact"),
    [
        (("memory",), 6144, Impact.HOT),
        (("cores",), 8, Impact.HOT),
        (("protection",), True, Impact.HOT),
        (("rootfs", "size"), "24G", Impact.HOT),
        (("networks", 0, "ip"), "10.10.0.99/24", Impact.HOT),
        (("features", "nesting"), False, Impact.RESTART),
        (("mount_points", 0, "path"), "/srv/other", Impact.RESTART),
        (("mount_points", 0, "backup"), True, Impact.RESTART),
        (("mount_points", 0, "storage"), "tank", Impact.RESTART),
        (("mount_points",), [], Impact.RESTART),
        (("unprivileged",), False, Impact.REFUSED),
        (("service", "image"), "lscr.io/linuxserver/plex:1.42.0", Impact.SERVICE),
        (("service", "slo"), 99.5, Impact.HOT),
        (("rootfs", "storage"), "tank", Impact.REBUILD),
        (("vmid",), 299, Impact.REBUILD),
    ],
)
def test_what_a_change_means(
    path: tuple[Any, ...], value: Any, impact: Impact, declared: dict[str, Any]
) -> None:
    after = copy.deepcopy(declared)
    place = after["containers"]["plex"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value

    items = _reviewed(declared, after)

    assert {name: item.impact for name, item in items.items()} == {"plex": impact}
    assert items["plex"].differences
    assert items["plex"].dependents == ("overseerr", "tautulli")


def test_a_new_mount_point_is_hot_and_a_container_that_goes_is_gone(
    declared: dict[str, Any],
) -> None:
    after = copy.deepcopy(declared)
    new = {"path": "/srv/more", "storage": "local-zfs", "size": "4G", "backup": True}
    after["containers"]["plex"]["mount_points"].append(new)
    del after["containers"]["vaultwarden"]

    items = _reviewed(declared, after)

    assert items["plex"].impact is Impact.HOT
    assert items["vaultwarden"].impact is Impact.GONE
    assert items["vaultwarden"].data_at_risk == (
        "/ (4G on local-zfs, backup on)",
        "/srv/vaultwarden (2G on local-zfs, backup on)",
    )
    assert items["plex"].data_at_risk == ()


def test_a_mount_point_that_is_taken_away_is_data_at_risk(declared: dict[str, Any]) -> None:
    after = copy.deepcopy(declared)
    after["containers"]["vaultwarden"]["mount_points"] = []

    item = _reviewed(declared, after)["vaultwarden"]

    assert item.data_at_risk == ("/srv/vaultwarden (2G on local-zfs, backup on)",)
    assert item.notes == ("mountpoint[0]: Proxmox VE keeps it pending until the next start",)
    assert item.budget == 2592


def test_nothing_to_review_where_nothing_changes(declared: dict[str, Any]) -> None:
    review = review_plan(sketch_plan(declared, declared))

    assert review.items == ()
    assert review.is_ok


def test_what_proxmox_does_is_in_step_with_the_lab() -> None:
    """The lab plans a change by the same rules as the review tells it."""
    before = {"memory": 512, "features": [{"nesting": True}], "nameserver": None}
    after = {"memory": 1024, "features": [{"nesting": False}], "nameserver": "10.10.0.1"}

    found = {change.option: change.impact for change in update_steps(before, after)}

    assert found == {
        "memory": Impact.HOT,
        "features": Impact.RESTART,
        "nameserver": Impact.RESTART,
    }


@pytest.mark.parametrize(
    ("slo", "text"),
    [(99.9, "43 m 12 s"), (99.5, "3 h 36 m"), (99.0, "7 h 12 m"), (100, "0 s"), (90, "3 d")],
)
def test_error_budget(slo: float, text: str) -> None:
    assert duration(budget(slo)) == text


def test_dependents_are_transitive_and_nearest_first() -> None:
    needs = {"a": (), "b": ("a",), "c": ("b",), "d": ("a", "c"), "e": ("e",)}

    assert dependents(needs)["a"] == ("b", "d", "c")
    assert dependents(needs)["e"] == ()


_SECRET = "correct horse battery"


@pytest.mark.parametrize(
    ("before", "after", "marks"),
    [
        ({"password": None}, {"password": _SECRET}, ({"password": True}, {"password": True})),
        ({"x": _SECRET}, {"x": "public"}, ({"x": True}, None)),
        ({"x": [{"y": _SECRET}]}, {"x": [{"y": "z"}]}, ({"x": True}, False)),
        ({"environment": {"DB_PASSWORD": "a"}}, {"environment": {"DB_PASSWORD": _SECRET}}, (0, 0)),
        ({"url": "a"}, {"url": f"postgres://me:{_SECRET.replace(' ', '-')}@db/x"}, (0, 0)),
        ({"api_token": "a"}, {"api_token": _SECRET}, (0, 0)),
    ],
)
def test_secrets_are_redacted(before: Any, after: Any, marks: Any) -> None:
    found = differences(before, after, sensitive=marks)

    said = " ".join(str(one) for one in found)
    assert REDACTED in said
    assert _SECRET not in said
    assert _SECRET.replace(" ", "-") not in said


@given(st.dictionaries(st.sampled_from("abc"), st.text(min_size=1), min_size=1))
def test_what_terraform_marks_is_never_shown(values: dict[str, str]) -> None:
    marked = {key: f"<{value}>" for key, value in values.items()}

    found = differences({}, marked, sensitive=({}, dict.fromkeys(marked, True)))

    assert all(one.before == "(none)" and one.after == REDACTED for one in found)
    assert len(found) == len(marked)


def test_values_of_the_future_are_said_to_be_that() -> None:
    found = differences({"ip": "a", "id": 1}, {"ip": None}, unknown={"ip": True, "id": True})

    assert [(one.name, one.after) for one in found] == [("ip", UNKNOWN)]


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


def test_warnings_count_in_a_strict_review_alone(declared: dict[str, Any]) -> None:
    after = copy.deepcopy(declared)
    after["containers"]["plex"]["description"] = ""
    plan = sketch_plan(after)
    judged = evaluate(plan, directory=ROOT / "terraform")
    assert judged.is_ok
    assert judged.warnings

    assert review_plan(plan, policy=judged).is_ok
    assert not review_plan(plan, policy=judged, strict=True).is_ok
