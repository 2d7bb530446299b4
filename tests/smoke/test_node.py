"""What the node's API says of each container, compared with terraform/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homelab.model import parse_size
from homelab.pve.properties import parse_property_string

if TYPE_CHECKING:
    from homelab.clients.proxmox import Proxmox
    from homelab.model import Container

_MEBIBYTE = 1 << 20


def _about(container: Container) -> str:
    return f"container {container.name} (vmid {container.vmid}, service {container.service.image})"


def test_container_runs(container: Container, proxmox: Proxmox) -> None:
    status = proxmox.status(container.node, container.vmid)

    assert status.raw["status"] == "running", f"{_about(container)} is {status.raw['status']}"
    assert status.name == container.name
    assert status.lock is None, f"{_about(container)} is locked: {status.lock}"


def test_resources(container: Container, proxmox: Proxmox) -> None:
    status = proxmox.status(container.node, container.vmid)

    seen = {
        "cores": status.cpus,
        "memory": status.max_memory,
        "swap": status.raw["maxswap"],
        "disk": status.max_disk,
    }
    declared = {
        "cores": container.cores,
        "memory": container.memory * _MEBIBYTE,
        "swap": container.swap * _MEBIBYTE,
        "disk": parse_size(container.rootfs.size),
    }
    assert seen == declared, f"{_about(container)} has other resources than declared"


def test_configuration(container: Container, proxmox: Proxmox) -> None:
    config = proxmox.config(container.node, container.vmid)

    seen = {
        "hostname": config["hostname"],
        "cores": config["cores"],
        "memory": config["memory"],
        "unprivileged": config.get("unprivileged", 0),
        "onboot": config.get("onboot", 0),
    }
    declared = {
        "hostname": container.name,
        "cores": container.cores,
        "memory": container.memory,
        "unprivileged": int(container.unprivileged),
        "onboot": int(container.onboot),
    }
    assert seen == declared, f"{_about(container)} is configured otherwise than declared"


def test_networks(container: Container, proxmox: Proxmox) -> None:
    config = proxmox.config(container.node, container.vmid)

    for number, declared in enumerate(container.networks):
        seen = parse_property_string(config[f"net{number}"])
        where = f"{_about(container)}, net{number}"
        assert seen["bridge"] == declared.bridge, where
        assert seen["ip"] == str(declared.ip), where
        assert seen.get("gw") == (str(declared.gateway) if declared.gateway else None), where
    assert f"net{len(container.networks)}" not in config, f"{_about(container)}: one too many"


def test_mount_points(container: Container, proxmox: Proxmox) -> None:
    config = proxmox.config(container.node, container.vmid)

    for number, declared in enumerate(container.mount_points):
        seen = parse_property_string(config[f"mp{number}"], default_key="volume")
        where = f"{_about(container)}, mp{number}"
        assert seen["mp"] == declared.path, where
        assert seen["volume"].startswith(f"{declared.storage}:"), where
        assert parse_size(seen["size"]) == parse_size(declared.size), where


def test_pool(container: Container, proxmox: Proxmox) -> None:
    pools = {entry.vmid: entry.pool for entry in proxmox.containers()}

    assert pools.get(container.vmid) == container.category, (
        f"{_about(container)} is in pool {pools.get(container.vmid)!r}, not {container.category!r}"
    )
