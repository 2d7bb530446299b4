"""Each rule finds its mistake, says where it is and how to put it right, and lets the rest pass."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from homelab import policy
from homelab.model import Topology
from homelab.policy import Verdict
from homelab.policy.synthetic_plan import sketch_plan

_MEDIA = "containers/media-stack.tf"
_MONITORING = "containers/monitoring.tf"
_SECURITY = "containers/security.tf"
_BUSINESS = "containers/business.tf"
_NETWORKS = "containers/networks.tf"
_FIREWALL = "modules/firewall-rules/variables.tf"


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """An edit of the tree; `at` is a piece of the line that the finding names."""

    rule: str
    file: str
    old: str
    new: str
    item: str
    at: str | None = None


TREE = (
    Mistake(
        rule="HL101",
        file=_MEDIA,
        old="vmid         = 202",
        new="vmid         = 201",
        item="jellyfin",
        at="jellyfin|vmid         = 201",
    ),
    Mistake(
        rule="HL102",
        file=_MEDIA,
        old="10.10.0.22/24",
        new="10.10.0.31/24",
        item="prometheus",
        at="monitoring|10.10.0.31/24",
    ),
    Mistake(rule="HL103", file=_MEDIA, old="10.10.0.22/24", new="10.11.0.22/24", item="jellyfin"),
    Mistake(
        rule="HL104",
        file=_MEDIA,
        old='bridge = "vmbr0", ip = "10.10.0.22/24"',
        new='bridge = "vmbr7", ip = "10.10.0.22/24"',
        item="jellyfin",
    ),
    Mistake(
        rule="HL106", file=_BUSINESS, old="{ port = 2222 }", new="{ port = 3000 }", item="gitea"
    ),
    Mistake(
        rule="HL107",
        file=_MEDIA,
        old='[{ bridge = "vmbr1", ip = "10.20.0.27/24" }]',
        new='[{ bridge = "vmbr1", ip = "10.20.0.27/24" }, { bridge = "vmbr0", ip = "10.10.0.27/24" }]',
        item="qbittorrent",
    ),
    Mistake(
        rule="HL108",
        file=_SECURITY,
        old='ip = "10.20.0.1/24" }',
        new='ip = "10.20.0.1/24", gateway = "10.20.0.254" }',
        item="vpn-gateway",
    ),
    Mistake(
        rule="HL109",
        file=_NETWORKS,
        old='cidr         = "10.20.0.0/24"',
        new='cidr         = "10.0.0.0/8"',
        item="vpn",
    ),
    Mistake(
        rule="HL110",
        file=_NETWORKS,
        old='gateway      = "10.20.0.1"',
        new='gateway      = "10.20.0.7"',
        item="vpn",
    ),
    Mistake(
        rule="HL111",
        file=_SECURITY,
        old='ip = "10.20.0.1/24" }',
        new='ip = "10.20.0.1/24", name = "eth0" }',
        item="vpn-gateway",
    ),
    Mistake(
        rule="HL201",
        file=_MEDIA,
        old="vmid         = 202",
        new="vmid         = 202\n      unprivileged = false",
        item="jellyfin",
        at="unprivileged = false",
    ),
    Mistake(
        rule="HL202",
        file=_MEDIA,
        old="vmid         = 202",
        new="vmid         = 202\n      features = { nesting = false }",
        item="jellyfin",
        at="nesting = false",
    ),
    Mistake(
        rule="HL203",
        file=_MEDIA,
        old="vmid         = 202",
        new="vmid         = 202\n      features = { keyctl = true }",
        item="jellyfin",
        at="keyctl = true",
    ),
    Mistake(
        rule="HL204",
        file=_MEDIA,
        old='ip = "10.10.0.22/24"',
        new='ip = "10.10.0.22/24", firewall = false',
        item="jellyfin",
    ),
    Mistake(
        rule="HL205",
        file=_FIREWALL,
        old='default     = "DROP"',
        new='default     = "ACCEPT"',
        item="firewall",
    ),
    Mistake(
        rule="HL206",
        file=_MEDIA,
        old="[{ port = 32400 }]",
        new='[{ port = 32400, sources = ["0.0.0.0/0"] }]',
        item="plex",
    ),
    Mistake(
        rule="HL207",
        file=_MEDIA,
        old="[{ port = 32400 }]",
        new="[{ port = 32400, sources = [] }]",
        item="plex",
    ),
    Mistake(
        rule="HL208",
        file=_MEDIA,
        old="[{ port = 32400 }]",
        new='[{ port = 32400, sources = ["lann"] }]',
        item="plex",
    ),
    Mistake(
        rule="HL209",
        file=_MEDIA,
        old="[{ port = 32400 }]",
        new="[{ port = 32400 }, { port = 2375 }]",
        item="plex",
    ),
    Mistake(
        rule="HL210",
        file=_MONITORING,
        old='GF_ANALYTICS_REPORTING_ENABLED = "false"',
        new='GF_DATABASE_PASSWORD = "hunter2"',
        item="grafana",
    ),
    Mistake(
        rule="HL212",
        file="providers.tf",
        old="  pm_timeout  = 600",
        new='  pm_timeout  = 600\n  pm_password = "hunter2"',
        item="provider",
        at="pm_password",
    ),
    Mistake(
        rule="HL213",
        file="variables.tf",
        old="default     = false",
        new="default     = true",
        item="provider",
    ),
    Mistake(
        rule="HL214",
        file=_MEDIA,
        old="jellyfin/jellyfin:10.10.7",
        new="jellyfin/jellyfin:stable",
        item="jellyfin",
    ),
    Mistake(
        rule="HL215",
        file=_MEDIA,
        old="vmid         = 202",
        new='vmid         = 202\n      template = "local:vztmpl/debian-latest.tar.zst"',
        item="jellyfin",
        at="debian-latest",
    ),
    Mistake(
        rule="HL216",
        file=_MEDIA,
        old='["PLEX_CLAIM"]',
        new='["PLEX-CLAIM"]',
        item="plex",
    ),
    Mistake(
        rule="HL301", file=_MEDIA, old="memory       = 4096", new="memory       = 65000", item="pve"
    ),
    Mistake(rule="HL302", file=_MEDIA, old="cores        = 4", new="cores        = 40", item="pve"),
    Mistake(
        rule="HL303",
        file=_BUSINESS,
        old='size = "128G"',
        new='size = "2T"',
        item="local-zfs",
        at="nextcloud = {",
    ),
    Mistake(
        rule="HL304", file=_MEDIA, old="cores        = 4", new="cores        = 17", item="plex"
    ),
    Mistake(
        rule="HL305",
        file=_MONITORING,
        old="memory      = 256",
        new="memory      = 128",
        item="blackbox-exporter",
    ),
    Mistake(
        rule="HL306",
        file=_MEDIA,
        old='{ size = "16G" }',
        new='{ size = "16384M" }',
        item="plex",
    ),
    Mistake(
        rule="HL401",
        file=_BUSINESS,
        old="      protection   = true\n",
        new="",
        item="nextcloud",
        at="nextcloud = {",
    ),
    Mistake(
        rule="HL402",
        file=_BUSINESS,
        old='size = "128G"',
        new='size = "128G", backup = false',
        item="nextcloud",
    ),
    Mistake(
        rule="HL406",
        file=_MEDIA,
        old='size = "64G", backup = false }',
        new='size = "64G", backup = false }, { path = "/srv/media", size = "1G" }',
        item="plex",
    ),
    Mistake(
        rule="HL501",
        file=_MONITORING,
        old="startup     = { order = 2 }",
        new="startup     = { order = 1 }",
        item="alertmanager",
    ),
    Mistake(
        rule="HL502",
        file=_MONITORING,
        old='["prometheus", "loki"]',
        new='["prometheus", "lokki"]',
        item="grafana",
    ),
    Mistake(
        rule="HL503",
        file=_MEDIA,
        old="{ port = 32400, path",
        new="{ port = 32401, path",
        item="plex",
    ),
    Mistake(
        rule="HL504",
        file=_MEDIA,
        old="slo         = 99.9",
        new="slo         = 100",
        item="plex",
    ),
    Mistake(
        rule="HL505",
        file=_MONITORING,
        old='depends_on = ["ntfy"]\n        slo        = 99.9',
        new='depends_on = ["ntfy"]\n        slo        = 99.95',
        item="alertmanager",
        at="99.95",
    ),
    Mistake(
        rule="HL506",
        file=_MEDIA,
        old="vmid         = 202",
        new="vmid         = 202\n      onboot = false",
        item="jellyfin",
        at="onboot = false",
    ),
    Mistake(
        rule="HL507",
        file=_MEDIA,
        old='tags         = ["streaming"]',
        new='tags         = ["Streaming"]',
        item="plex",
    ),
    Mistake(
        rule="HL508",
        file=_MEDIA,
        old='description  = "Media server for films, series and music"',
        new='description  = ""',
        item="plex",
    ),
    Mistake(
        rule="HL510",
        file=_MEDIA,
        old="vmid         = 202",
        new="vmid         = 777",
        item="jellyfin",
    ),
)


def _line(path: Path, marker: str) -> int:
    """The line of a piece of text; `after|text` looks for the text behind another."""
    text = path.read_text()
    before, _, wanted = marker.rpartition("|")
    return text[: text.index(wanted, text.index(before))].count("\n") + 1


@pytest.mark.parametrize("mistake", TREE, ids=[mistake.rule for mistake in TREE])
def test_mistake_in_the_tree_is_found_and_the_correction_passes(
    mistake: Mistake,
    tree: Path,
    edit: Callable[[str, str, str], None],
    capacity: policy.Capacity,
) -> None:
    right = (tree / mistake.file).read_text()
    edit(mistake.file, mistake.old, mistake.new)

    report = policy.evaluate_tree(tree, capacity=capacity)

    found = [f for f in report.findings if f.rule.id == mistake.rule and f.item == mistake.item]
    assert [finding.verdict for finding in found] == [Verdict.FAIL], report.findings
    assert report.verdicts[mistake.rule] is Verdict.FAIL
    place = found[0].place
    assert place is not None
    file = _MONITORING if mistake.rule == "HL102" else mistake.file
    marker = mistake.at or mistake.new
    assert (place.file.as_posix(), place.line) == (f"terraform/{file}", _line(tree / file, marker))
    assert found[0].rule.fix
    if found[0].is_violation:
        with pytest.raises(policy.PolicyViolationError) as raised:
            report.raise_for_violations()
        said = str(raised.value)
        assert f"terraform/{file}:{place.line}: {mistake.rule} " in said
        assert f"fix: {found[0].rule.fix}" in said

    (tree / mistake.file).write_text(right)
    again = policy.evaluate_tree(tree, capacity=capacity)
    assert [f for f in again.findings if f.verdict is Verdict.FAIL] == []


Change = Callable[[dict[str, Any]], None]


def _resource(plan: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        resource["change"]
        for resource in plan["resource_changes"]
        if f'"{name}"' in resource["address"] and resource["type"] == "proxmox_lxc"
    )
    return found


def _same_mac(plan: dict[str, Any]) -> None:
    for name in ("plex", "jellyfin"):
        change = _resource(plan, name)
        change["after"]["network"][0]["hwaddr"] = "BC:24:11:00:00:01"
        change["after_unknown"]["network"][0].pop("hwaddr")


def _password(plan: dict[str, Any]) -> None:
    _resource(plan, "plex")["after"]["password"] = "hunter2"


def _not_started(plan: dict[str, Any]) -> None:
    _resource(plan, "plex")["after"]["start"] = False


def _no_rule(plan: dict[str, Any]) -> None:
    rules = plan["output_changes"]["topology"]["after"]["firewall"]
    rules[:] = [rule for rule in rules if rule["container"] != "plex"]


def _no_tags(plan: dict[str, Any]) -> None:
    _resource(plan, "plex")["after"]["tags"] = None


_LXC = "modules/lxc-container/main.tf"


@pytest.mark.parametrize(
    ("rule", "mistake", "item", "place"),
    [
        ("HL105", _same_mac, "jellyfin", (_MEDIA, 'ip = "10.10.0.22/24"')),
        ("HL207", _no_rule, "plex", (_MEDIA, "{ port = 32400 }")),
        ("HL211", _password, "plex", (_LXC, 'resource "proxmox_lxc"')),
        ("HL509", _not_started, "plex", (_LXC, "start           = true")),
        ("HL511", _no_tags, "plex", (_MEDIA, 'tags         = ["streaming"]')),
    ],
)
def test_mistake_in_a_plan_is_found(
    *,
    rule: str,
    mistake: Change,
    item: str,
    place: tuple[str, str],
    topology: Topology,
    tree: Path,
    capacity: policy.Capacity,
) -> None:
    plan = sketch_plan(topology)
    right = policy.evaluate(plan, directory=tree, capacity=capacity)
    assert [f for f in right.findings if f.verdict is Verdict.FAIL] == []
    mistake(plan)

    report = policy.evaluate(plan, directory=tree, capacity=capacity)

    found = [f for f in report.findings if f.rule.id == rule and f.verdict is Verdict.FAIL]
    assert [finding.item for finding in found] == [item]
    where = found[0].place
    assert where is not None
    file, marker = place
    assert (where.file.as_posix(), where.line) == (f"terraform/{file}", _line(tree / file, marker))


def _deleted(after: dict[str, Any]) -> None:
    del after["containers"]["nextcloud"]


def _rebuilt(after: dict[str, Any]) -> None:
    after["containers"]["nextcloud"]["rootfs"]["storage"] = "tank"


def _unmounted(after: dict[str, Any]) -> None:
    after["containers"]["nextcloud"]["mount_points"] = []


def _shrunk(after: dict[str, Any]) -> None:
    after["containers"]["nextcloud"]["mount_points"][0]["size"] = "64G"


@pytest.mark.parametrize(
    ("rule", "mistake", "place"),
    [
        ("HL403", _deleted, "business = {"),
        ("HL403", _rebuilt, "rootfs       ="),
        ("HL404", _unmounted, "mount_points ="),
        ("HL405", _shrunk, 'size = "128G"'),
    ],
)
def test_loss_is_found_unless_named(
    *,
    rule: str,
    mistake: Change,
    place: str,
    document: dict[str, Any],
    tree: Path,
    capacity: policy.Capacity,
) -> None:
    after = copy.deepcopy(document)
    mistake(after)
    plan = sketch_plan(after, document)
    tank = policy.Capacity(nodes=capacity.nodes, storages={**capacity.storages, "tank": 1 << 50})

    report = policy.evaluate(plan, directory=tree, capacity=tank)
    named = policy.evaluate(plan, directory=tree, capacity=tank, may_lose=("nextcloud",))
    lab = policy.evaluate(plan, directory=tree, capacity=tank, may_lose=None)

    found = [f for f in report.violations if f.rule.id == rule]
    assert [finding.item for finding in found] == ["nextcloud"]
    where = found[0].place
    assert where is not None
    assert where.file.as_posix() == f"terraform/{_BUSINESS}"
    assert where.line == _line(tree / _BUSINESS, place)
    still = [rule] if rule == "HL405" else []  # no name makes Proxmox VE shrink a volume
    assert [f.rule.id for f in named.violations] == still
    assert [f.rule.id for f in lab.violations] == still


def test_nothing_is_lost_where_nothing_changes(document: dict[str, Any], tree: Path) -> None:
    report = policy.evaluate(sketch_plan(document, document), directory=tree)

    assert not report.violations


def test_nesting_without_docker(document: dict[str, Any], tree: Path) -> None:
    document["containers"]["plex"]["service"] = None

    report = policy.evaluate(sketch_plan(document), directory=tree)

    assert [(f.rule.id, f.item) for f in report.violations] == [("HL202", "plex")]


def test_a_cycle_is_found_once(document: dict[str, Any], tree: Path) -> None:
    document["containers"]["ntfy"]["service"]["depends_on"] = ["alertmanager"]

    report = policy.evaluate(sketch_plan(document), directory=tree)

    cycles = [f for f in report.violations if f.rule.id == "HL502"]
    assert len(cycles) == 1
    assert "alertmanager" in cycles[0].message


@pytest.mark.parametrize("part", ["health", "slo"])
def test_a_service_without_health_check_or_objective(
    part: str, document: dict[str, Any], tree: Path
) -> None:
    document["containers"]["plex"]["service"][part] = None

    report = policy.evaluate(sketch_plan(document), directory=tree)

    rule = {"health": "HL503", "slo": "HL504"}[part]
    assert [(f.rule.id, f.item) for f in report.violations] == [(rule, "plex")]


def test_every_rule_has_a_mistake() -> None:
    """A new rule needs a mistake above; those of plans are listed by hand."""
    in_plans = {"HL105", "HL211", "HL403", "HL404", "HL405", "HL509", "HL511"}

    assert {rule.id for rule in policy.RULES} == {m.rule for m in TREE} | in_plans


def test_rules_are_in_order_and_say_something() -> None:
    ids = [rule.id for rule in policy.RULES]

    assert ids == sorted(ids)
    assert len({rule.slug for rule in policy.RULES}) == len(ids) == len(set(ids)) >= 25
    for rule in policy.RULES:
        assert rule.summary.endswith("."), rule.id
        assert len(rule.rationale) > 30, rule.id
        assert rule.fix.endswith("."), rule.id


def test_the_project_s_own_tree_passes(capacity: policy.Capacity, topology: Topology) -> None:
    tree = Path(__file__).parents[3] / "terraform"

    report = policy.evaluate_tree(tree, capacity=capacity)
    planned = policy.evaluate(sketch_plan(topology), directory=tree, capacity=capacity)

    assert set(report.verdicts.values()) == {Verdict.PASS}
    assert [f for f in planned.findings if f.verdict is Verdict.FAIL] == []
    assert {f.rule.id for f in planned.unknowns} == {"HL105"}
