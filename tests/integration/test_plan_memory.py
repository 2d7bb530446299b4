"""Plan, deploy and destroy on the memory runtime: real Terraform, no root."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from homelab.clients.proxmox import Proxmox
from homelab.model.changes import Action
from homelab.operations import plan as reviewing
from homelab.pve.terraform_privileges import PRIVILEGES
from homelab.settings import Environment, load

_MEMORY = ("--runtime", "memory", "--plain")
_MEDIA = "terraform/containers/media-stack.tf"
_SECURITY = "terraform/containers/security.tf"


def _json(project: Any, name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(project.file(f"build/{name}").read_text(encoding="utf-8"))
    return data


def test_plan_says_what_would_change_and_what_was_not_checked(project: Any) -> None:
    shown = project.ok("plan", *_MEMORY, code=2)

    assert "28 containers" in shown or "32 to create" in shown
    assert "+   plex" in shown
    assert "not checked: whether the node can make and run these containers" in shown
    assert "offline provider" in shown
    plan = _json(project, "plan.json")
    containers = [change for change in plan["changes"] if change["container"]]
    assert len(containers) == plan["containers"] == 28
    assert project.file("build/plan.md").read_text(encoding="utf-8").startswith("### Plan for")
    assert not project.file("terraform/terraform.tfstate").exists()


def test_plan_where_no_lab_can_run_leaves_none(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a user without root: the lab lives as long as the plan, and that is said."""
    monkeypatch.setattr(reviewing, "is_able", lambda _: False)
    environment = Environment.read({"HOMELAB_LAB_STATE": str(project.state)})
    settings = load(project.directory, environment=environment)

    before = reviewing.plan(settings=settings)
    project.ok("deploy", *_MEMORY)
    project.ok("lab", "destroy")
    after = reviewing.plan(settings=settings)

    assert not project.state.exists()
    assert before.count(Action.CREATE) == 32
    assert any("kept state only" in text or "without root" in text for text in before.not_checked)
    assert after.is_empty  # compared with what the last deploy left, not with an empty node
    assert reviewing.NOT_REFRESHED in after.not_checked


def test_deploy_twice_changes_nothing_and_a_report_is_left(project: Any) -> None:
    first = project.ok("deploy", *_MEMORY)
    second = project.ok("deploy", *_MEMORY)

    assert "32 added" in first
    assert "no changes; 28 containers are as declared" in second
    assert "configure: not run" in second
    report = _json(project, "deploy.json")
    assert report["ok"] is True
    assert report["runtime"] == "memory"
    suites = ET.parse(project.file("build/deploy.xml")).getroot()  # noqa: S314  (ours)
    applied = next(suite for suite in suites if suite.get("name") == "apply")
    assert len(applied) == 28
    validated = next(suite for suite in suites if suite.get("name") == "validate")
    assert validated.get("skipped") == "1"
    assert project.ok("plan", *_MEMORY)


def test_terraform_by_hand_shares_the_state(project: Any) -> None:
    project.ok("deploy", *_MEMORY)

    done = subprocess.run(
        ["terraform", "plan", "-detailed-exitcode", "-no-color"],
        cwd=project.file("terraform"),
        env={**os.environ, **project.exports()},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_lost_state_adopts_what_is_there(project: Any) -> None:
    project.ok("deploy", *_MEMORY)
    project.file("terraform/terraform.tfstate").unlink()

    again = project.ok("deploy", *_MEMORY)

    assert "32 adopted" in again
    assert project.ok("plan", *_MEMORY)


def test_killed_server_is_started_again_and_the_deploy_converges(project: Any) -> None:
    project.ok("deploy", *_MEMORY)
    status = json.loads(project.ok("lab", "status", "--json"))
    os.kill(status["pid"], signal.SIGKILL)
    assert "lab: down" in project.ok("lab", "status")

    again = project.ok("deploy", *_MEMORY)

    assert "no changes; 28 containers are as declared" in again


def test_lab_may_lose_a_container_and_production_only_a_named_one(project: Any) -> None:
    project.edit(_MEDIA, "memory       = 4096", "memory       = 2048")
    project.ok("lab", "up", "--runtime", "memory")
    lab = project.exports()
    project.ok("deploy", "--target", "production", "--plain", **lab)
    text = project.file(_MEDIA).read_text(encoding="utf-8")
    start = text.index("    bazarr = {")
    end = text.index("    qbittorrent = {")
    project.file(_MEDIA).write_text(text[:start] + text[end:], encoding="utf-8")

    refused = project.refused("deploy", "--target", "production", "--plain", **lab)
    allowed = project.ok(
        "deploy", "--target", "production", "--plain", "--allow-delete", "bazarr", **lab
    )

    assert "deletes or replaces on target 'production': bazarr" in refused
    assert "--allow-delete bazarr" in refused
    assert "1 removed" in allowed
    assert "loopback" in allowed
    assert not project.file("terraform/terraform.tfstate").exists()


def test_destroy_leaves_nothing(project: Any) -> None:
    project.ok("deploy", *_MEMORY)

    said = project.ok("destroy", *_MEMORY)

    assert "32 removed; the lab is gone" in said
    assert not project.state.exists()
    assert not list(project.file("terraform").glob("terraform.tfstate*"))


def test_destroy_after_the_server_was_killed(project: Any) -> None:
    project.ok("deploy", *_MEMORY)
    os.kill(json.loads(project.ok("lab", "status", "--json"))["pid"], signal.SIGKILL)

    project.ok("destroy", *_MEMORY)

    assert not project.state.exists()


def test_wrong_input_is_one_clear_error(project: Any, tmp_path: Path) -> None:
    assert "unknown target 'prod'" in project.refused("plan", "--target", "prod")
    assert "no homelab project" in project.refused("plan", "--project", str(tmp_path))
    assert "has no API address" in project.refused("plan", "--target", "production")
    assert "no lab" in project.refused("lab", "up", "--state", str(project.directory), *_MEMORY[:2])


def test_typo_in_hcl_names_file_and_line(project: Any) -> None:
    project.edit(_MEDIA, "vmid         = 202", "vmid         = = 202")

    error = project.refused("deploy", *_MEMORY)

    assert "media-stack.tf:" in error
    assert not project.state.exists()


def test_duplicate_vmid_names_file_and_line_and_starts_nothing(project: Any) -> None:
    project.edit(_MEDIA, "vmid         = 202", "vmid         = 201")

    error = project.refused("deploy", *_MEMORY)

    assert "media-stack.tf:" in error
    assert "201" in error
    assert not project.state.exists()


def test_unformatted_file_is_named(project: Any) -> None:
    project.edit(_MEDIA, "      vmid         = 202", "      vmid = 202")

    error = project.refused("plan", *_MEMORY)

    assert "not formatted" in error
    assert "containers/media-stack.tf" in error


def test_stale_documentation_is_named(project: Any) -> None:
    project.ok("docs")
    assert "stale" not in project.ok("docs", "--check")
    project.edit(_MEDIA, "memory       = 4096", "memory       = 6144")

    error = project.refused("lint", "--only", "generated-pages")

    assert "docs/topology.md: it does not say what is declared" in error
    assert "run homelab docs" in error
    assert "stale: docs/topology.md" in project.ok("docs", "--check", code=2)
    project.ok("docs")
    assert "stale" not in project.ok("docs", "--check")
    project.ok("lint", "--only", "generated-pages")


def test_wrong_password_is_the_apis_own_word(project: Any) -> None:
    project.ok("lab", "up", "--runtime", "memory")
    lab = project.exports()
    wrong = {**lab, "PM_PASS": "wrong", "PM_API_TOKEN_ID": "", "PM_API_TOKEN_SECRET": ""}

    error = project.refused("plan", "--target", "production", "--plain", **wrong)

    assert "401 authentication failure" in error


def test_template_that_is_missing_is_named(project: Any) -> None:
    template = 'template     = "local:vztmpl/none_1_amd64.tar.zst"'
    project.edit(_MEDIA, "vmid         = 202", f"vmid         = 202\n      {template}")

    error = project.refused("deploy", *_MEMORY)

    assert "none_1_amd64.tar.zst" in error


def test_port_in_use_is_named(project: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        error = project.refused(
            "plan", *_MEMORY, "--listen", f"127.0.0.1:{port}", "--state", str(project.state)
        )

    assert f"port {port}" in error
    assert "in use" in error


def test_violation_fails_plan_and_stops_deploy_with_rule_line_and_fix(project: Any) -> None:
    project.edit(_MEDIA, "cores        = 4", "cores        = 17")

    planned = project.run("plan", *_MEMORY, "--annotate")
    refused = project.refused("deploy", *_MEMORY)

    assert planned.returncode == 1
    place = "terraform/containers/media-stack.tf:7"
    assert f"{place}: plex: cores 17 of 16 on pve" in planned.stdout
    assert "HL304 container-fits-node" in planned.stdout
    assert "fix: Lower cores or memory in the entry." in planned.stdout
    assert "::error file=terraform/containers/media-stack.tf,line=7,title=HL304" in planned.stderr
    assert f"{place}: HL304 container-fits-node: plex" in refused
    assert not project.file("terraform/terraform.tfstate").exists()
    sarif = _json(project, "policy.sarif")
    failed = [one["ruleId"] for one in sarif["runs"][0]["results"] if one["kind"] == "fail"]
    assert failed == ["HL304"]
    assert "HL304" in project.file("build/plan.md").read_text(encoding="utf-8")


def test_what_stops_a_plan_early_is_told_with_its_rule(project: Any) -> None:
    firewall = "terraform/modules/firewall-rules/variables.tf"
    right = project.file(firewall).read_text(encoding="utf-8")
    project.edit(firewall, 'default     = "DROP"', 'default     = "ACCEPT"')
    refused = project.refused("plan", *_MEMORY)
    assert "inbound_policy must be DROP or REJECT" in refused
    assert "HL205 default-deny" in refused
    project.file(firewall).write_text(right, encoding="utf-8")

    project.edit(_MEDIA, '["streaming"]', '["Streaming"]')
    refused = project.refused("plan", *_MEMORY)
    assert "terraform/containers/media-stack.tf:13: HL507 tags: plex" in refused


def test_warnings_fail_a_strict_plan_and_stop_no_deploy(project: Any) -> None:
    project.edit(
        "terraform/modules/lxc-container/main.tf",
        "start           = true",
        "start           = false",
    )

    planned = project.run("plan", *_MEMORY)
    strict = project.run("plan", "--strict", *_MEMORY)

    assert planned.returncode == 2
    assert strict.returncode == 1
    for said in (planned.stdout, strict.stdout):
        assert "warning HL509 started" in said
    assert "warnings count here (--strict)" in strict.stdout
    assert "28 warnings of the policy (strict)" in project.file("build/plan.md").read_text()


def test_contradiction_is_told_in_terms_of_its_rule(project: Any) -> None:
    project.edit(_MEDIA, "vmid         = 202", "vmid         = 201")

    error = project.refused("plan", *_MEMORY)

    assert "HL101 vmid-unique: jellyfin: vmid 201 is also plex's" in error
    assert "fix: Give the container a vmid of its own" in error


def test_missing_privilege_stops_a_deploy_before_anything_is_applied(project: Any) -> None:
    project.ok("lab", "up", "--runtime", "memory")
    lab = project.exports()
    root = Proxmox.from_environment(lab)
    root._request("POST", "access/users", {"userid": "tf@pve", "password": "long-enough"})
    root._request("POST", "access/roles", {"roleid": "TF", "privs": ",".join(PRIVILEGES)})
    root._request("PUT", "access/acl", {"path": "/", "roles": "TF", "users": "tf@pve"})
    own = {"PM_USER": "tf@pve", "PM_PASS": "long-enough"}
    env = {**lab, "PM_API_TOKEN_ID": "", "PM_API_TOKEN_SECRET": "", **own}

    error = project.refused("deploy", "--target", "production", "--plain", **env)

    assert "tf@pve lacks what this plan needs" in error
    assert "on /sdn/zones/localnetwork/vmbr0: SDN.Use" in error
    assert root.containers() == ()
    page = project.file("build/plan.md").read_text(encoding="utf-8")
    assert "**missing on `/sdn/zones/localnetwork/vmbr0`:** SDN.Use" in page


def test_page_of_a_change_tells_what_it_means(project: Any) -> None:
    project.ok("deploy", *_MEMORY)
    project.edit(_MEDIA, "memory       = 4096", "memory       = 2048")

    shown = project.ok("plan", *_MEMORY, code=2)

    assert "plex: applied while it runs" in shown
    assert "memory: 4096 → 2048" in shown
    plan = _json(project, "plan.json")
    assert [(item["container"], item["impact"]) for item in plan["review"]] == [("plex", "hot")]
    assert plan["privileges"]["ok"] is True
    assert plan["policy"]["ok"] is True


def test_a_data_container_goes_when_it_is_named_and_its_protection_with_it(project: Any) -> None:
    project.ok("lab", "up", "--runtime", "memory")
    lab = project.exports()
    project.ok("deploy", "--target", "production", "--plain", **lab)
    text = project.file(_SECURITY).read_text(encoding="utf-8")
    start = text.index("    vaultwarden = {")
    end = text.rindex("  }\n}")
    project.file(_SECURITY).write_text(text[:start].rstrip() + "\n" + text[end:], "utf-8")

    refused = project.refused("deploy", "--target", "production", "--plain", **lab)
    named = ("--allow-delete", "vaultwarden")
    allowed = project.ok("deploy", "--target", "production", "--plain", *named, **lab)

    assert "HL403 no-loss-unless-named: vaultwarden" in refused
    assert "vaultwarden was protected; that is lifted" in allowed
    assert "1 removed" in allowed
