"""/nodes: the node itself, its network, and what a container node always lacks."""

from __future__ import annotations

import os
import platform
from ipaddress import IPv4Interface

from homelab.lab.api.access.tickets import version
from homelab.lab.api.endpoint import EMPTY, Call, Endpoint, index
from homelab.lab.api.guests.status import storage_space
from homelab.lab.api.nodes.figures import (
    host_memory,
    host_swap,
    node_row,
    node_uptime,
    processor_model,
    processors,
)
from homelab.lab.api.rights import Privilege, Rows
from homelab.lab.failures import ApiFailureError
from homelab.lab.node.context import Context
from homelab.lab.node.storages import STORAGES
from homelab.lab.runtime import Bridge
from homelab.pve.guest_privileges import bridge_path
from homelab.pve.schema import FLAG, TEXT, VMID

_INDEX = index(
    *("name", "lxc", "network", "qemu", "status", "storage", "subscription", "tasks", "version")
)


def listing(context: Context, call: Call) -> object:
    """All nodes; their figures with the right (PVE::API2::Nodes index)."""
    rows = []
    for node in context.nodes:
        row = node_row(context, node)
        if not context.access.allows(call.caller, f"/nodes/{node}", "Sys.Audit"):
            row = {key: row[key] for key in ("id", "type", "node", "level", "status")}
        rows.append(row)
    return rows


def status(context: Context, _call: Call) -> object:
    total, used = host_memory()
    swap, swap_used = host_swap()
    space, taken = storage_space(context, STORAGES[0])
    kernel = platform.release()
    return {
        "cpu": 0,
        "wait": 0,
        "idle": 0,
        "uptime": node_uptime(context),
        "loadavg": [f"{value:.2f}" for value in os.getloadavg()],
        "memory": {"total": total, "used": used, "free": total - used, "available": total - used},
        "swap": {"total": swap, "used": swap_used, "free": swap - swap_used},
        "rootfs": {"total": space, "used": taken, "free": space - taken, "avail": space - taken},
        "cpuinfo": {
            "model": processor_model(),
            "cpus": processors(),
            "cores": processors(),
            "sockets": 1,
        },
        "kversion": f"Linux {kernel}",
        "current-kernel": {
            "sysname": "Linux",
            "release": kernel,
            "version": platform.version(),
            "machine": platform.machine(),
        },
        "pveversion": f"pve-manager/{context.release}/{context.release.repoid}",
        "boot-info": {"mode": "legacy-bios"},
    }


def network(context: Context, call: Call) -> object:
    """The bridges that the caller may use or audit (PVE::API2::Network index)."""
    if call.args.text("type") not in {"", "bridge", "any_bridge", "any_local_bridge"}:
        return []
    return [
        {"iface": bridge.name, **_bridge(bridge)}
        for bridge in context.bridges
        if context.access.allows(call.caller, bridge_path(bridge.name), "SDN.Audit", "SDN.Use")
    ]


def interface(context: Context, call: Call) -> object:
    name = call.args.text("iface")
    for bridge in context.bridges:
        if bridge.name == name:
            return _bridge(bridge)
    raise ApiFailureError("interface does not exist", status=400)


def subscription(_context: Context, _call: Call) -> object:
    return {
        "status": "notfound",
        "message": "There is no subscription key",
        "url": "https://www.proxmox.com/en/proxmox-virtual-environment/pricing",
    }


def _bridge(bridge: Bridge) -> dict[str, object]:
    address = IPv4Interface(bridge.address)
    return {
        "type": "bridge",
        "active": 1,
        "autostart": 1,
        "method": "static",
        "method6": "manual",
        "families": ["inet"],
        "address": str(address.ip),
        "netmask": str(address.network.prefixlen),
        "cidr": bridge.address,
        "bridge_ports": "",
        "bridge_stp": "off",
        "bridge_fd": "0",
        "priority": 3,
    }


_N = "/nodes/{node}"
_BRIDGE = Privilege("/sdn/zones/localnetwork/{bridge}", "SDN.Audit", ("SDN.Use",))
_AUDIT = Privilege("/nodes/{node}", "Sys.Audit")

ENDPOINTS = (
    Endpoint("GET", "/nodes", Rows(_AUDIT), listing, quick=True),
    Endpoint("GET", _N, "user", _INDEX),
    Endpoint("GET", f"{_N}/version", "user", version),
    Endpoint("GET", f"{_N}/status", _AUDIT, status),
    Endpoint("GET", f"{_N}/network", Rows(_BRIDGE), network, {"type": TEXT}),
    Endpoint("GET", f"{_N}/network/{{iface}}", _AUDIT, interface),
    Endpoint("GET", f"{_N}/qemu", "user", EMPTY, {"full": FLAG}),
    Endpoint("GET", f"{_N}/replication", "user", EMPTY, {"guest": VMID}),
    Endpoint("GET", f"{_N}/subscription", "user", subscription),
)
