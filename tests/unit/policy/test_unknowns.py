"""Rules on plans that nobody wrote: any values, any of which may be unknown."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homelab import policy
from homelab.model import Topology, document_of
from homelab.policy import Verdict
from homelab.policy.synthetic_plan import sketch_plan

_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def small(topology: Topology) -> dict[str, Any]:
    """Five containers, which keeps an example quick."""
    document = {**document_of(topology), "firewall_policy": "DROP"}
    names = {"plex", "qbittorrent", "nextcloud", "prometheus", "vpn-gateway"}
    document["containers"] = {
        name: container for name, container in document["containers"].items() if name in names
    }
    return document


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += _paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _paths(item, (*path, index))
    return found


def _set(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_rule_stumbles_over_any_value(data: st.DataObject, small: dict[str, Any]) -> None:
    plan = copy.deepcopy(sketch_plan(small, small if data.draw(st.booleans()) else None))
    paths = _paths(plan)
    chosen = data.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=6, unique=True))
    for path in sorted(chosen, key=len, reverse=True):
        _set(plan, path, data.draw(_JUNK))

    report = policy.evaluate(plan, directory="/nowhere")

    assert {rule.id for rule in report.rules} == set(report.verdicts)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_rule_stumbles_over_any_unknown(data: st.DataObject, small: dict[str, Any]) -> None:
    plan = copy.deepcopy(sketch_plan(small))
    for resource in plan["resource_changes"]:
        change = resource["change"]
        paths = _paths(change["after"])
        for path in data.draw(st.lists(st.sampled_from(paths), max_size=4, unique=True)):
            change["after_unknown"] = _marked(change["after_unknown"], path)
    output = plan["output_changes"]["topology"]
    paths = _paths(output["after"])
    for path in data.draw(st.lists(st.sampled_from(paths), max_size=4, unique=True)):
        output["after_unknown"] = _marked(output["after_unknown"], path)

    report = policy.evaluate(plan, directory="/nowhere")

    # What is right where it is known is not wrong where it is not: no rule guesses.
    failed = {f.rule.id for f in report.findings if f.verdict is Verdict.FAIL}
    assert failed == set()


def _marked(unknown: Any, path: tuple[Any, ...]) -> Any:
    """Terraform's `after_unknown` with true at a path."""
    if not path:
        return True
    if unknown is True:
        return True
    key, *rest = path
    if isinstance(key, int):
        items = list(unknown) if isinstance(unknown, list) else []
        items += [False] * (key + 1 - len(items))
        items[key] = _marked(items[key], tuple(rest))
        return items
    whole = dict(unknown) if isinstance(unknown, dict) else {}
    whole[key] = _marked(whole.get(key), tuple(rest))
    return whole


_RESOURCE = {
    "HL101": "vmid",
    "HL102": "network",
    "HL103": "network",
    "HL104": "network",
    "HL105": "network",
    "HL107": "network",
    "HL108": "network",
    "HL111": "network",
    "HL201": "unprivileged",
    "HL202": "features",
    "HL203": "features",
    "HL204": "network",
    "HL211": "password",
    "HL215": "ostemplate",
    "HL301": "memory",
    "HL302": "cores",
    "HL303": "rootfs",
    "HL304": "memory",
    "HL305": "memory",
    "HL306": "rootfs",
    "HL401": "protection",
    "HL402": "mountpoint",
    "HL406": "mountpoint",
    "HL506": "onboot",
    "HL507": "tags",
    "HL509": "start",
    "HL510": "vmid",
    "HL511": "tags",
}
_OUTPUT: dict[str, tuple[Any, ...]] = {
    "HL106": ("containers", "nextcloud", "service", "ports"),
    "HL109": ("networks", "lan", "bridge"),
    "HL110": ("networks", "vpn", "gateway"),
    "HL205": ("firewall_policy",),
    "HL206": ("containers", "nextcloud", "service", "ports", 0, "sources"),
    "HL207": ("firewall",),
    "HL208": ("containers", "nextcloud", "service", "ports", 0, "sources"),
    "HL209": ("containers", "nextcloud", "service", "ports", 0, "port"),
    "HL210": ("containers", "nextcloud", "service", "environment"),
    "HL214": ("containers", "nextcloud", "service", "image"),
    "HL216": ("containers", "nextcloud", "service", "secrets"),
    "HL501": ("containers", "nextcloud", "service", "depends_on"),
    "HL502": ("containers", "nextcloud", "service", "depends_on"),
    "HL503": ("containers", "nextcloud", "service", "health"),
    "HL504": ("containers", "nextcloud", "service", "slo"),
    "HL505": ("containers", "nextcloud", "service", "depends_on"),
    "HL508": ("containers", "nextcloud", "description"),
}


@pytest.mark.parametrize("rule", sorted({*_RESOURCE, *_OUTPUT}))
def test_a_value_that_is_needed_and_unknown(
    rule: str, small: dict[str, Any], capacity: policy.Capacity
) -> None:
    plan = sketch_plan(small)
    for resource in plan["resource_changes"]:
        if resource["type"] == "proxmox_lxc" and rule != "HL105":
            resource["change"]["after_unknown"]["network"] = []
    known = policy.evaluate(plan, directory="/nowhere", capacity=capacity)
    if rule in _RESOURCE:
        change = next(r["change"] for r in plan["resource_changes"] if "nextcloud" in r["address"])
        change["after_unknown"][_RESOURCE[rule]] = True
    else:
        plan["output_changes"]["topology"]["after_unknown"] = _marked(None, _OUTPUT[rule])

    report = policy.evaluate(plan, directory="/nowhere", capacity=capacity)

    assert rule == "HL105" or known.verdicts[rule] is Verdict.PASS
    assert report.verdicts[rule] is Verdict.UNKNOWN


def test_every_rule_has_an_unknown() -> None:
    """Rules about changes and about the provider's literal arguments have none, or one below."""
    elsewhere = {"HL212", "HL213", "HL403", "HL404", "HL405"}

    assert {rule.id for rule in policy.RULES} == {*_RESOURCE, *_OUTPUT} | elsewhere


def test_an_unknown_variable(small: dict[str, Any]) -> None:
    plan = {**sketch_plan(small), "variables": {"tls_insecure": {"value": "maybe"}}}

    assert policy.evaluate(plan, directory="/nowhere").verdicts["HL213"] is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("rule", "unknown"), [("HL404", True), ("HL405", [{"size": True}])], ids=["HL404", "HL405"]
)
def test_an_unknown_mount_point(rule: str, unknown: Any, small: dict[str, Any]) -> None:
    after = copy.deepcopy(small)
    after["containers"]["nextcloud"]["memory"] += 1
    plan = sketch_plan(after, small)
    change = next(r["change"] for r in plan["resource_changes"] if "nextcloud" in r["address"])
    change["after_unknown"] = {"mountpoint": unknown}

    assert policy.evaluate(plan, directory="/nowhere").verdicts[rule] is Verdict.UNKNOWN
