"""The Ansible inventory that follows from a topology."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from homelab.errors import TopologyError
from homelab.escaping import ansible
from homelab.model.waves import start_waves

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address
    from pathlib import Path

    from homelab.model.topology import Topology
    from homelab.model.values import Container


@dataclass(frozen=True, slots=True, kw_only=True)
class SshAccess:
    """How Ansible logs in to every container."""

    user: str = "root"
    port: int = 22
    private_key: Path | None = None
    arguments: tuple[str, ...] = ()
    """Further arguments of ssh, such as `-o` and `UserKnownHostsFile=...`."""


def inventory(topology: Topology, *, ssh: SshAccess) -> dict[str, Any]:
    """The inventory in the form of a static file, which `ansible-inventory -i FILE.json` reads.

    Hosts stand in an order in which each comes after those that its service depends on. A variable
    that looks like a template is marked, so that Ansible takes it as it is.

    Raises:
        TopologyError: nothing to configure, or addresses that cannot be dialled.
    """
    problems = list(_problems(topology, ssh))
    if problems:
        raise TopologyError(problems, hint="correct the entries in terraform/containers")
    ordered = [topology.container(name) for wave in start_waves(topology) for name in wave]
    return {
        "all": {
            "vars": ansible(_access(ssh)),
            "hosts": {
                container.name: ansible(_host_variables(topology, container))
                for container in ordered
            },
            "children": {
                category: {
                    "hosts": {
                        container.name: {}
                        for container in ordered
                        if container.category == category
                    }
                }
                for category in topology.categories
            },
        }
    }


def _problems(topology: Topology, ssh: SshAccess) -> Iterator[str]:
    if not topology.containers:
        yield "the inventory would be empty: the topology has no containers"
    if not ssh.user:
        yield "the inventory would name no user to log in as"
    for name, count in Counter(container.name for container in topology).items():
        if count > 1:
            yield f"{name}: the name is used {count} times"
    owners: dict[IPv4Address, str] = {}
    for container in topology:
        address = container.address
        if (
            address.is_unspecified
            or address.is_loopback
            or address.is_multicast
            or address.is_link_local
            or address.is_reserved
        ):
            yield f"{container.name}: {address} is a placeholder, not an address to log in at"
        owner = owners.setdefault(address, container.name)
        if owner != container.name:
            yield f"{container.name}: address {address} is taken by {owner}"
    names = {container.name for container in topology}
    for category in topology.categories:
        if category in names or category in ("all", "ungrouped"):
            yield f"{category}: a category may not be named as a container, all or ungrouped"
    for container in topology:
        for name in container.service.depends_on:
            if name not in names:
                yield f"{container.name}: depends on {name!r}, which is not declared"


def _access(ssh: SshAccess) -> dict[str, Any]:
    variables: dict[str, Any] = {
        "ansible_user": ssh.user,
        "ansible_port": ssh.port,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    if ssh.private_key is not None:
        variables["ansible_ssh_private_key_file"] = str(ssh.private_key)
    if ssh.arguments:
        variables["ansible_ssh_common_args"] = shlex.join(ssh.arguments)
    return variables


def _routes(topology: Topology, container: Container) -> Iterator[dict[str, str]]:
    """The ways to networks that a neighbour with two interfaces leads to.

    The node does not route between its bridges, and a container's default route leads elsewhere.
    """
    own = {interface.bridge: interface for interface in container.networks}
    for neighbour in topology:
        shared = [nic for nic in neighbour.networks if nic.bridge in own]
        others = [nic for nic in neighbour.networks if nic.bridge not in own]
        if not shared or shared[0].address == own[shared[0].bridge].gateway:
            continue
        for other in others:
            yield {"to": str(other.ip.network), "via": str(shared[0].address)}


def _host_variables(topology: Topology, container: Container) -> dict[str, Any]:
    dependencies = [topology.container(name) for name in container.service.depends_on]
    return {
        "ansible_host": str(container.address),
        "vmid": container.vmid,
        "homelab_node": container.node,
        "homelab_category": container.category,
        "homelab_cores": container.cores,
        "homelab_memory": container.memory,
        "homelab_networks": [interface.model_dump(mode="json") for interface in container.networks],
        "homelab_mount_points": [mount.model_dump(mode="json") for mount in container.mount_points],
        "homelab_forwarding": len(container.networks) > 1,
        "homelab_routes": list(_routes(topology, container)),
        "homelab_health_url": container.health_url,
        "homelab_service": container.service.model_dump(mode="json"),
        "homelab_dependencies": [
            {
                "name": dependency.name,
                "url": dependency.health_url,
                "status": dependency.service.health.status,
            }
            for dependency in dependencies
        ],
    }
