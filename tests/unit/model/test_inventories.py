from __future__ import annotations

import json
from ipaddress import IPv4Interface
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from homelab.errors import TopologyError
from homelab.model import SshAccess, inventory

if TYPE_CHECKING:
    from homelab.model import Topology

SSH = SshAccess(private_key=Path("/keys/lab"), arguments=("-o", "UserKnownHostsFile=/my hosts"))


def test_groups_are_the_categories(topology: Topology) -> None:
    everything = inventory(topology, ssh=SSH)["all"]
    assert {name: len(group["hosts"]) for name, group in everything["children"].items()} == {
        "media": 9,
        "monitoring": 9,
        "security": 4,
        "business": 6,
    }
    assert len(everything["hosts"]) == 28


def test_hosts_come_after_their_dependencies(topology: Topology) -> None:
    everything = inventory(topology, ssh=SSH)["all"]
    for hosts in (everything["hosts"], *(g["hosts"] for g in everything["children"].values())):
        order = list(hosts)
        for name in order:
            for dependency in topology.container(name).service.depends_on:
                assert dependency not in order[order.index(name) :]


def test_a_hosts_variables(topology: Topology) -> None:
    host: dict[str, Any] = json.loads(json.dumps(inventory(topology, ssh=SSH)))["all"]["hosts"][
        "sonarr"
    ]
    assert host["ansible_host"] == "10.10.0.23"
    assert host["vmid"] == 203
    assert host["homelab_forwarding"] is False
    assert host["homelab_service"]["image"] == topology.container("sonarr").service.image
    assert host["homelab_service"]["secrets"] == ["SONARR__AUTH__APIKEY"]
    assert host["homelab_mount_points"][0]["path"] == "/srv/media"
    assert host["homelab_dependencies"] == [
        {"name": "prowlarr", "url": "http://10.20.0.25:9696/ping", "status": 200},
        {"name": "qbittorrent", "url": "http://10.20.0.27:8080/", "status": 200},
    ]


def test_a_container_on_two_networks_forwards(topology: Topology) -> None:
    hosts = inventory(topology, ssh=SSH)["all"]["hosts"]
    assert [name for name, host in hosts.items() if host["homelab_forwarding"]] == ["vpn-gateway"]


def test_the_way_to_a_network_behind_a_neighbour(topology: Topology) -> None:
    hosts = inventory(topology, ssh=SSH)["all"]["hosts"]
    ways = {name: host["homelab_routes"] for name, host in hosts.items()}
    assert ways["sonarr"] == [{"to": "10.20.0.0/24", "via": "10.10.0.41"}]
    # What the gateway is on itself, or is the default route of, needs no route.
    assert [name for name, routes in ways.items() if not routes] == [
        name for name in hosts if name in {"vpn-gateway", "prowlarr", "qbittorrent"}
    ]


def test_how_to_log_in(topology: Topology) -> None:
    assert inventory(topology, ssh=SSH)["all"]["vars"] == {
        "ansible_user": "root",
        "ansible_port": 22,
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": "/keys/lab",
        "ansible_ssh_common_args": "-o 'UserKnownHostsFile=/my hosts'",
    }
    assert "ansible_ssh_common_args" not in inventory(topology, ssh=SshAccess())["all"]["vars"]


def _with(topology: Topology, of: str, /, **changes: object) -> Topology:
    containers = tuple(
        container.model_copy(update=changes) if container.name == of else container
        for container in topology
    )
    return topology.model_copy(update={"containers": containers})


def _at(topology: Topology, name: str, address: str) -> Topology:
    interface = topology.container(name).networks[0]
    moved = interface.model_copy(update={"ip": IPv4Interface(address)})
    return _with(topology, name, networks=(moved,))


def test_no_hosts_is_an_error(topology: Topology) -> None:
    with pytest.raises(TopologyError, match="would be empty"):
        inventory(topology.model_copy(update={"containers": ()}), ssh=SSH)


@pytest.mark.parametrize("address", ["0.0.0.0/24", "127.0.0.1/8", "169.254.1.1/16", "224.0.0.1/24"])
def test_a_placeholder_is_an_error(topology: Topology, address: str) -> None:
    with pytest.raises(TopologyError, match=r"plex: .* is a placeholder"):
        inventory(_at(topology, "plex", address), ssh=SSH)


def test_duplicates_are_errors(topology: Topology) -> None:
    wrong = _at(_with(topology, "tautulli", name="jellyfin"), "plex", "10.10.0.23/24")
    with pytest.raises(TopologyError) as caught:
        inventory(wrong, ssh=SshAccess(user=""))
    assert set(caught.value.problems) == {
        "jellyfin: the name is used 2 times",
        "sonarr: address 10.10.0.23 is taken by plex",
        "the inventory would name no user to log in as",
    }


def test_a_category_named_as_a_container_is_an_error(topology: Topology) -> None:
    with pytest.raises(TopologyError, match="media: a category may not be named as a container"):
        inventory(_with(topology, "plex", name="media"), ssh=SSH)
