from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from homelab.errors import TopologyError
from homelab.model import Container, Topology, document_of, topology_from_plan

if TYPE_CHECKING:
    from collections.abc import Callable

Resources = dict[str, dict[str, Any]]


def _planned(container: Container) -> dict[str, Any]:
    """The attributes of one container's resource."""
    return {
        "hostname": container.name,
        "vmid": container.vmid,
        "target_node": container.node,
        "cores": container.cores,
        "memory": container.memory,
        "swap": container.swap,
        "onboot": container.onboot,
        "protection": container.protection,
        "unprivileged": container.unprivileged,
        "tags": ";".join(container.tags),
        "rootfs": [{"storage": container.rootfs.storage, "size": container.rootfs.size}],
        "network": [
            {
                "name": nic.name,
                "bridge": nic.bridge,
                "ip": str(nic.ip),
                "gw": str(nic.gateway) if nic.gateway else None,
                "firewall": nic.firewall,
            }
            for nic in container.networks
        ],
        "mountpoint": [
            {"mp": m.path, "storage": m.storage, "size": m.size, "backup": m.backup}
            for m in container.mount_points
        ],
    }


@pytest.fixture
def plan(topology: Topology) -> dict[str, Any]:
    """What `terraform show -json` prints of a first plan, as far as it is read."""
    children = []
    for container in topology:
        address = f'module.container["{container.name}"]'
        resource = {
            "address": f"{address}.proxmox_lxc.this",
            "mode": "managed",
            "type": "proxmox_lxc",
            "values": _planned(container),
        }
        children.append({"address": address, "resources": [resource]})
    document: dict[str, Any] = json.loads(json.dumps(document_of(topology)))
    return {
        "planned_values": {
            "outputs": {"topology": {"sensitive": False, "value": document}},
            "root_module": {
                "resources": [
                    {
                        "address": 'proxmox_pool.category["media"]',
                        "mode": "managed",
                        "type": "proxmox_pool",
                        "values": {"poolid": "media"},
                    }
                ],
                "child_modules": children,
            },
        }
    }


def _resources(plan: dict[str, Any]) -> Resources:
    return {
        module["resources"][0]["values"]["hostname"]: module["resources"][0]
        for module in plan["planned_values"]["root_module"]["child_modules"]
    }


def test_a_plan_gives_its_topology(topology: Topology, plan: dict[str, Any]) -> None:
    assert topology_from_plan(plan) == topology


def test_unknown_values_are_not_compared(topology: Topology, plan: dict[str, Any]) -> None:
    del _resources(plan)["plex"]["values"]["vmid"]
    assert topology_from_plan(plan) == topology


def _value(name: str, attribute: str, value: object) -> Callable[[Resources], None]:
    def change(resources: Resources) -> None:
        resources[name]["values"][attribute] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            _value("plex", "memory", 1),
            r'"plex"\]\.proxmox_lxc\.this: memory is 1, the topology says',
        ),
        (_value("plex", "tags", "media"), "tags is 'media', the topology says 'media;streaming'"),
        (_value("plex", "network", []), "network is "),
        (_value("plex", "mountpoint", [{"mp": "/x", "size": "?"}]), "mountpoint is "),
        (_value("plex", "rootfs", [{"storage": "x", "size": "8G"}]), "rootfs is "),
        (_value("plex", "hostname", "plox"), "the topology has no container plox"),
        (_value("plex", "hostname", None), "the host name is not known"),
        (_value("plex", "hostname", "jellyfin"), "host name jellyfin is taken by "),
    ],
)
def test_a_resource_that_differs_is_an_error(
    plan: dict[str, Any], change: Callable[[Resources], None], message: str
) -> None:
    change(_resources(plan))
    with pytest.raises(TopologyError, match=message):
        topology_from_plan(plan)


def test_a_missing_resource_is_an_error(plan: dict[str, Any]) -> None:
    plan["planned_values"]["root_module"]["child_modules"].pop(0)
    with pytest.raises(TopologyError, match=r"containers\.plex: the plan has no proxmox_lxc"):
        topology_from_plan(plan)


@pytest.mark.parametrize("plan", [{}, {"planned_values": {}}, {"planned_values": {"outputs": {}}}])
def test_a_plan_without_a_topology_is_an_error(plan: dict[str, Any]) -> None:
    with pytest.raises(TopologyError, match="plan"):
        topology_from_plan(plan)
