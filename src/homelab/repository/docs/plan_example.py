"""docs/plan-example.md: the plan page of a change of five containers, one of each kind."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from typing import Any

from homelab import policy
from homelab.clients.terraform.plan import Plan
from homelab.model import Topology, document_of
from homelab.model.hcl import Declared
from homelab.operations.review.needs import needs_of, root_only_lines
from homelab.operations.review.page import to_markdown
from homelab.operations.review.preflight import preflight
from homelab.operations.review.report import PlanReport
from homelab.operations.review.reviewed import review_plan
from homelab.policy.configuration import capacity_of
from homelab.policy.documents import subject_from_plan
from homelab.policy.synthetic_plan import sketch_plan
from homelab.pve.terraform_privileges import PRIVILEGES
from homelab.settings import Environment, load

_TOKEN = "homelab@pve!terraform"  # noqa: S105  (a token's name)
_NAMES = frozenset({"plex", "loki", "vaultwarden", "tautulli", "bazarr"})


def can_show(topology: Topology) -> bool:
    """Whether a tree has the containers that the example changes."""
    there = {container.name for container in topology}
    return there >= _NAMES and bool(topology.container("loki").mount_points)


def plan_example(project: Path, tree: Declared) -> str:
    """The page of a change of five containers: one of each kind."""
    settings = load(project, environment=Environment.read({}))
    before = {**document_of(Topology.load(tree)), "firewall_policy": "DROP"}
    plan = Plan.parse(Path("example"), sketch_plan(_changed(before), before))
    capacity = capacity_of(settings.policy)
    storages = {**capacity.storages, "fast": 1 << 40}
    subject = subject_from_plan(plan.document, resources=plan.resources)
    judged = policy.evaluate(
        subject,
        directory=tree.directory,
        tree=tree,
        capacity=policy.Capacity(nodes=capacity.nodes, storages=storages),
        today=date(2025, 1, 1),
    )
    changes = subject.changes or ()
    held = {
        "/": dict.fromkeys((*PRIVILEGES, "SDN.Use"), 1),
        "/storage/fast": {"Datastore.Audit": 1},
    }
    checked = preflight(
        _TOKEN,
        needs_of(changes, resources=plan.resources, provider=subject.provider),
        root_only_lines(changes),
        held,
    )
    report = PlanReport(
        target="production",
        runtime=None,
        provider="telmate/proxmox 3.0.2-rc07",
        changes=plan.changes,
        containers=28,
        not_checked=("Ansible's part and whether services answer: that is what deploy does",),
    )
    review = review_plan(plan.document, plan.resources, policy=judged, preflight=checked)
    return f"{_EXAMPLE_HEAD}{to_markdown(report, review)}"


def _changed(before: dict[str, Any]) -> dict[str, Any]:
    after = copy.deepcopy(before)
    containers = after["containers"]
    containers["plex"]["memory"] = 6144
    containers["plex"]["rootfs"]["size"] = "24G"
    containers["loki"]["mount_points"][0]["path"] = "/srv/logs"
    containers["vaultwarden"]["rootfs"]["storage"] = "fast"
    containers["vaultwarden"]["service"]["image"] = "vaultwarden/server:1.34.1"
    del containers["tautulli"]
    containers["sabnzbd"] = {
        **copy.deepcopy(containers["bazarr"]),
        "vmid": 210,
        "description": "Fetches from Usenet",
    }
    added = containers["sabnzbd"]
    added["networks"][0]["ip"] = "10.10.0.30/24"
    added["service"] |= {
        "image": "lscr.io/linuxserver/sabnzbd:4.5.1",
        "ports": [{"port": 8080, "protocol": "tcp", "sources": ["lan"]}],
        "health": {"port": 8080, "path": "/", "scheme": "http", "status": 200},
        "depends_on": [],
    }
    rules = after["firewall"]
    rules[:] = [rule for rule in rules if rule["container"] != "tautulli"]
    rule = {"container": "sabnzbd", "source": "lan", "port": 8080, "protocol": "tcp"}
    rules += [{**rule, "comment": "service"}, {**rule, "port": 22, "comment": "management"}]
    return after


_EXAMPLE_HEAD = """\
<!-- Written by `nox -s docs`; a change made here is lost. -->
# A plan page

What `homelab plan` writes to `build/plan.md`, for a change of five containers on a real node: plex
gets more memory and disk, loki's volume another path, vaultwarden another storage and version,
tautulli goes, sabnzbd comes. The token may not make volumes on the storage `fast`.

---

"""
