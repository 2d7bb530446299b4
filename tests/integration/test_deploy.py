"""The whole path on real containers: deploy, again, break, heal, add, remove, kill, destroy.

One lab serves all tests here, and they build on each other in the order in which they stand. Needs
root and what `homelab doctor --fix` installs.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.usefixtures("able")]

_MEDIA = "terraform/containers/media-stack.tf"
_NEW = """\

    speedtest = {
      vmid        = 210
      description = "How fast the line is"
      rootfs      = { size = "4G" }
      networks    = [{ bridge = "vmbr0", ip = "10.10.0.30/24" }]
      startup     = { order = 4 }
      tags        = ["network"]
      service = {
        image  = "lscr.io/linuxserver/librespeed:5.4.1"
        ports  = [{ port = 8099 }]
        health = { port = 8099, path = "/" }
        slo    = 99.0
      }
    }
"""


@pytest.fixture(scope="module")
def deployed(
    able: None, make_project: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    project = make_project(tmp_path_factory.mktemp("deploy") / "project")
    yield project
    project.ok("lab", "destroy")


def _report(project: Any) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(project.file("build/deploy.json").read_text("utf-8"))
    return report


def _stages(project: Any) -> dict[str, dict[str, Any]]:
    return {stage["stage"]: stage for stage in _report(project)["stages"]}


def _smoke(project: Any, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name[:3] != "PM_"}
    tests = Path(__file__).parents[1] / "smoke"
    return subprocess.run(
        [sys.executable, "-m", "pytest", str(tests), "-q", "-n", "2", *options],
        cwd=project.directory,
        env={
            **environment,
            "HOMELAB_LAB_STATE": str(project.state),
            "HOMELAB_PROJECT": str(project.directory),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_everything_is_deployed_and_healthy(deployed: Any) -> None:
    said = deployed.ok("deploy", "--plain")

    assert "28 of 28 services are healthy" in said
    assert "stand-ins" in said
    report = _report(deployed)
    assert report["ok"] is True
    assert report["runtime"] == "lxc"
    assert len([item for item in report["items"] if item["stage"] == "validate"]) == 28
    assert any(not image["stand_in"] for image in report["images"])


def test_again_changes_nothing(deployed: Any) -> None:
    deployed.ok("deploy", "--plain")

    stages = _stages(deployed)
    assert stages["plan"]["state"] == "unchanged"
    assert stages["apply"]["state"] == "unchanged"
    assert stages["configure"]["state"] == "unchanged"
    assert stages["configure"]["detail"].endswith("0 tasks changed something")


def test_smoke_tests_pass_from_any_shell(deployed: Any) -> None:
    done = _smoke(deployed)

    assert done.returncode == 0, done.stdout[-4000:]


def test_by_hand_the_inventory_and_terraform_agree(deployed: Any) -> None:
    inventory = json.loads(deployed.ok("inventory"))
    done = subprocess.run(
        ["terraform", "plan", "-detailed-exitcode", "-no-color"],
        cwd=deployed.file("terraform"),
        env={**os.environ, **deployed.exports()},
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(inventory["all"]["hosts"]) == 28
    assert deployed.file("ansible/inventory/homelab.json").is_file()
    assert done.returncode == 0, done.stdout


def test_exec_runs_inside_and_keeps_the_directory(deployed: Any) -> None:
    said = deployed.ok("lab", "exec", "--", "sh", "-c", "pwd; ip -br addr show vmbr0")
    name = deployed.ok("lab", "exec", "plex", "--", "hostname")

    assert said.splitlines()[0] == str(deployed.directory)
    assert "10.10.0.1/24" in said
    assert name.strip() == "plex"


def test_broken_things_are_named_and_the_next_deploy_heals_them(deployed: Any) -> None:
    deployed.ok("lab", "exec", "--", "lxc-stop", "-n", "203", "-k")
    deployed.ok("lab", "exec", "ntfy", "--", "docker", "stop", "ntfy")

    probed = deployed.run("probe")
    smoke = _smoke(deployed, "-k", "sonarr or ntfy or plex")
    healed = deployed.ok("deploy", "--plain")

    assert probed.returncode == 1
    assert "FAILED container sonarr: service lscr.io/linuxserver/sonarr" in probed.stdout
    assert "FAILED container ntfy: service binwiederhier/ntfy" in probed.stdout
    assert smoke.returncode == 1
    assert "test_health_endpoint[ntfy]" in smoke.stdout
    assert "[plex]" not in smoke.stdout
    assert "started sonarr" in healed
    assert "28 of 28 services are healthy" in healed


def test_one_edit_adds_a_service_and_taking_it_back_removes_it(deployed: Any) -> None:
    path = deployed.file(_MEDIA)
    before = path.read_text("utf-8")
    end = before.rindex("  }\n}")
    path.write_text(before[:end] + _NEW + before[end:], "utf-8")
    template = deployed.file("configs/docker-compose/speedtest/compose.yaml.j2")
    template.parent.mkdir()
    plain = deployed.file("configs/docker-compose/tautulli/compose.yaml.j2")
    template.write_text(plain.read_text("utf-8").replace("tautulli", "speedtest"), "utf-8")

    begin = time.monotonic()
    added = deployed.ok("deploy", "--plain")
    seconds = time.monotonic() - begin
    inventory = json.loads(deployed.ok("inventory"))
    path.write_text(before, "utf-8")
    removed = deployed.ok("deploy", "--plain")

    assert "1 to create" in added
    assert "29 of 29 services are healthy" in added
    assert "speedtest" in inventory["all"]["hosts"]
    assert "1 to delete" in removed
    assert "28 of 28 services are healthy" in removed
    assert "speedtest" not in deployed.ok("lab", "status")
    assert seconds < 120  # on a quiet machine half of that


def test_killed_server_in_the_middle_of_an_apply_converges(deployed: Any) -> None:
    deployed.ok("lab", "destroy")
    words = [sys.executable, "-m", "homelab.cli", "deploy", "--plain"]
    environment = {
        **os.environ,
        "HOMELAB_LAB_STATE": str(deployed.state),
        "HOMELAB_LAB_LISTEN": "127.0.0.1:0",
    }
    with subprocess.Popen(
        words,
        cwd=deployed.directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as first:
        assert first.stdout is not None
        for line in first.stdout:
            if "done (created)" in line:
                break
        os.kill(json.loads((deployed.state / "lab.json").read_text("utf-8"))["pid"], signal.SIGKILL)
        rest = first.stdout.read()
    assert first.returncode == 1, rest

    again = deployed.ok("deploy", "--plain")

    assert "28 of 28 services are healthy" in again


def test_destroy_leaves_nothing(deployed: Any) -> None:
    deployed.ok("destroy", "--plain")

    assert not deployed.state.exists()
    assert not deployed.file("ansible/inventory/homelab.json").exists()
    assert not list(deployed.file("terraform").glob("terraform.tfstate*"))
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert str(deployed.state) not in processes.stdout
    assert str(deployed.state) not in Path("/proc/self/mountinfo").read_text("utf-8")
