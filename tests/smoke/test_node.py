"""What the node's API says of each container, compared with terraform/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homelab.pve.properties import parse_property_string
from homelab.pve.sizes import parse_size
from homelab.pytest_plugin import expect

if TYPE_CHECKING:
    from homelab.clients.proxmox import Proxmox
    from homelab.model import Container

_MEBIBYTE = 1 << 20


def test_container_runs(container: Container, proxmox: Proxmox) -> None:
    status = proxmox.status(container.node, container.vmid)

    expect(container, status.running, f"the node says that it is {status.raw['status']}")
    expect(container, status.name == container.name, f"the node calls it {status.name!r}")
    expect(container, status.lock is None, f"it is locked: {status.lock}")


def test_resources(container: Container, proxmox: Proxmox) -> None:
    status = proxmox.status(container.node, container.vmid)

    seen = {
        "cores": int(status.cpus),
        "memory": status.max_memory // _MEBIBYTE,
        "swap": int(status.raw["maxswap"]) // _MEBIBYTE,
        "disk": status.max_disk,
    }
    declared = {
        "cores": container.cores,
        "memory": container.memory,
        "swap": container.swap,
        "disk": parse_size(container.rootfs.size),
    }
    expect(container, seen == declared, f"it has {seen}, declared is {declared}")


def test_options(container: Container, proxmox: Proxmox) -> None:
    config = proxmox.config(container.node, container.vmid)

    seen = {
        "hostname": config["hostname"],
        "unprivileged": int(config.get("unprivileged", 0)),
        "onboot": int(config.get("onboot", 0)),
        "nesting": "nesting=1" in config.get("features", "").split(","),
    }
    declared = {
        "hostname": container.name,
        "unprivileged": int(container.unprivileged),
        "onboot": int(container.onboot),
        "nesting": container.features.nesting,
    }
    expect(container, seen == declared, f"it has {seen}, declared is {declared}")


def test_networks(container: Container, proxmox: Proxmox) -> None:
    config = proxmox.config(container.node, container.vmid)
    networks = [parse_property_string(config[key]) for key in sorted(config) if key[:-1] == "net"]

    seen = [(net.get("name"), net["bridge"], net.get("ip"), net.get("gw")) for net in networks]
    declared = [
        (link.name, link.bridge, str(link.ip), str(link.gateway) if link.gateway else None)
        for link in container.networks
    ]
    expect(container, seen == declared, f"its networks are {seen}, declared are {declared}")


def test_mount_points(container: Container, proxmox: Proxmox) -> None:
    config = proxmox.config(container.node, container.vmid)
    points = [
        parse_property_string(config[key], default_key="volume")
        for key in sorted(config)
        if key[:-1] == "mp"
    ]

    seen = [
        (point["mp"], point["volume"].partition(":")[0], parse_size(point["size"]))
        for point in points
    ]
    declared = [
        (point.path, point.storage, parse_size(point.size)) for point in container.mount_points
    ]
    expect(container, seen == declared, f"its mount points are {seen}, declared are {declared}")


def test_pool(container: Container, proxmox: Proxmox) -> None:
    pool = {entry.vmid: entry.pool for entry in proxmox.containers()}.get(container.vmid)

    expect(container, pool == container.category, f"it is in the pool {pool!r}")
