from __future__ import annotations

import re
from collections import Counter
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from homelab.errors import ConfigurationError, TopologyError
from homelab.model import Topology, start_waves

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


def test_28_containers_in_four_categories(topology: Topology) -> None:
    sizes = Counter(container.category for container in topology)
    assert sizes == {"media": 9, "monitoring": 9, "security": 4, "business": 6}
    assert topology.categories == ("media", "monitoring", "security", "business")


def test_waves_are_few_and_in_order(topology: Topology) -> None:
    waves = start_waves(topology)
    assert len(waves) <= 5
    assert sorted(name for wave in waves for name in wave) == sorted(c.name for c in topology)
    seen: set[str] = set()
    for wave in waves:
        for name in wave:
            assert seen.issuperset(topology.container(name).service.depends_on)
        seen.update(wave)


def test_an_entry_gets_its_defaults(topology: Topology) -> None:
    prowlarr = topology.container("prowlarr")
    assert prowlarr.cores == 1
    assert prowlarr.node == "pve"
    assert prowlarr.rootfs.storage == "local-zfs"
    assert prowlarr.template == "local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst"
    assert prowlarr.networks[0].name == "eth0"
    assert prowlarr.networks[0].gateway == IPv4Address("10.20.0.1")
    assert prowlarr.features.nesting
    assert prowlarr.tags == ("media", "servarr", "vpn")


def test_only_a_first_interface_gets_its_networks_gateway(topology: Topology) -> None:
    gateway = topology.container("vpn-gateway")
    assert [interface.gateway for interface in gateway.networks] == [
        IPv4Address("10.10.0.1"),
        None,
    ]
    assert [interface.name for interface in gateway.networks] == ["eth0", "eth1"]


def test_the_vpns_containers_have_no_other_way_out(topology: Topology) -> None:
    vpn = next(network for network in topology.networks if network.vpn)
    for name in ("qbittorrent", "prowlarr"):
        container = topology.container(name)
        assert [interface.bridge for interface in container.networks] == [vpn.bridge]
        assert "vpn-gateway" in container.service.depends_on


def test_one_entry_is_one_container(
    topology: Topology, tree: Path, edit: Callable[[str, str, str], int]
) -> None:
    edit("containers/media-stack.tf", "  media = {\n", f"  media = {{{ENTRY}\n")
    larger = Topology.load(tree)
    added = larger.container("sabnzbd")
    assert len(larger) == 29
    assert added.category == "media"
    assert {rule.port for rule in larger.firewall if rule.container == "sabnzbd"} == {22, 8080}
    assert {c.name for c in larger} - {c.name for c in topology} == {"sabnzbd"}


def test_given_variables_win_over_files_and_defaults(tree: Path) -> None:
    (tree / "terraform.tfvars").write_text('target_node = "rack1"\nstorage = "tank"\n')
    (tree / "lab.auto.tfvars.json").write_text('{"storage": "fast"}')
    topology = Topology.load(tree, variables={"template": "local:vztmpl/other_1_amd64.tar.zst"})
    plex = topology.container("plex")
    assert (plex.node, plex.rootfs.storage) == ("rack1", "fast")
    assert plex.template == "local:vztmpl/other_1_amd64.tar.zst"


def test_an_unknown_variable_is_an_error(tree: Path) -> None:
    with pytest.raises(TopologyError, match="no variable 'nodes' is declared"):
        Topology.load(tree, variables={"nodes": "pve"})


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("x.auto.tfvars", "storage = [\n", r"x\.auto\.tfvars:2: "),
        ("x.auto.tfvars.json", "{", r"x\.auto\.tfvars\.json: not JSON"),
        ("x.auto.tfvars.json", "[]", r"x\.auto\.tfvars\.json: must be an object"),
        ("terraform.tfvars", "storage = 3\n", "variable 'storage' has no value that is a string"),
    ],
)
def test_a_broken_tfvars_file_is_an_error(tree: Path, file: str, text: str, message: str) -> None:
    (tree / file).write_text(text)
    with pytest.raises(TopologyError, match=message):
        Topology.load(tree)


def test_another_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no topology"):
        Topology.load(tmp_path)


def test_hundreds_of_entries(tree: Path) -> None:
    for path in (tree / "containers").glob("*.tf"):
        path.write_text(re.sub(r"(10\.10\.\d+\.\d+)/24", r"\1/16", path.read_text()))
    entries = "".join(
        ENTRY.replace("sabnzbd =", f"copy-{number} =")
        .replace("210", str(1000 + number))
        .replace("10.10.0.30/24", f"10.10.{1 + number // 250}.{number % 250}/16")
        for number in range(500)
    )
    (tree / "containers/media-stack.tf").write_text(f"locals {{\n  media = {{{entries}  }}\n}}\n")
    topology = Topology.load(tree)
    assert len(topology) == 500 + 19
    assert [container.vmid for container in topology] == sorted(c.vmid for c in topology)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("containers/networks.tf", "", "no local is named 'networks'"),
        (
            "containers/networks.tf",
            "locals {\n  networks = merge({}, {})\n}\n",
            r"networks\.tf:2: networks must be an object of entries",
        ),
        ("containers/outputs.tf", "", "no local is named 'categories'"),
        (
            "containers/security.tf",
            "locals {\n  security = local.business\n}\n",
            r"security\.tf:2: security must be an object of entries",
        ),
        (
            "containers/outputs.tf",
            'locals {\n  categories = {\n    media = "x"\n  }\n}\n',
            r"outputs\.tf:3: category 'media' must name a local of containers/",
        ),
    ],
)
def test_a_missing_part_is_an_error(tree: Path, file: str, text: str, message: str) -> None:
    (tree / file).write_text(text)
    with pytest.raises(TopologyError, match=message):
        Topology.load(tree)


def test_locals_may_be_spread_over_blocks(topology: Topology, tree: Path) -> None:
    path = tree / "containers/networks.tf"
    path.write_text(f"locals {{\n  unused = 1\n}}\n\n{path.read_text()}")
    assert Topology.load(tree) == topology
