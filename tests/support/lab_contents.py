"""A node with one of everything in it, and all that its API shows of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lab_node import Answer, LabNode

from homelab.lab.api.table import ENDPOINTS
from homelab.polling import wait_until

VALUES: Mapping[str, str] = {
    "node": "pve",
    "vmid": "100",
    "storage": "local",
    "poolid": "media",
    "userid": "ann@pve",
    "iface": "vmbr0",
    "tokenid": "ci",
    "groupid": "ops",
    "roleid": "Mine",
    "realm": "pam",
    "snapname": "one",
    "pos": "0",
    "cidr": "10.0.0.1",
    "group": "web",
    "name": "lan",
    "sid": "ct:100",
    "id": "100-0",
}
"""What is in the node, by the names of path parameters."""
_QUERIES = {
    "rrddata": {"timeframe": "hour"},
    "feature": {"feature": "copy"},
    "extractconfig": {"volume": "local:backup/none"},
}
_RESTLESS = re.compile(
    r"/(?:rrddata|status|syslog|journal|log|tasks|time|resources|lxc|nodes|storage|interfaces)$"
    r"|/tasks/|^/nodes/\w+$|/status/current$"
)
"""Figures that change by themselves, and what tasks left."""


def calm(node: LabNode) -> None:
    """Wait until no task runs."""
    wait_until(
        lambda: node.ask("GET", "/nodes/pve/tasks", source="active").data == [],
        what="the tasks",
        timeout=30,
        interval=0.005,
    )


def furnish(node: LabNode) -> None:
    """Put one of everything into a node, where it is not there yet."""
    calm(node)
    taken = {row["vmid"] for row in node.ask("GET", "/nodes/pve/lxc").data}
    for vmid in {100, 101} - taken:
        made = node.create(
            vmid,
            net0=f"name=eth0,bridge=vmbr0,ip=10.10.0.{vmid}/24",
            mp0="local-zfs:1,mp=/data",
            hostname=f"ct{vmid}",
            tags="a",
            description="x",
            env="A=b",
        )
        assert made["exitstatus"] == "OK", made
    for method, path, values in (
        ("POST", "/pools", {"poolid": "media", "comment": "c"}),
        ("PUT", "/pools/media", {"vms": "100", "storage": "local"}),
        ("POST", "/access/users", {"userid": "ann@pve", "password": "long enough"}),
        ("POST", "/access/users/ann@pve/token/ci", {}),
        ("POST", "/access/groups", {"groupid": "ops", "comment": "x"}),
        ("POST", "/access/roles", {"roleid": "Mine", "privs": "VM.Audit"}),
        ("PUT", "/access/acl", {"path": "/", "users": "ann@pve", "roles": "PVEAdmin"}),
        ("POST", "/cluster/firewall/groups", {"group": "web"}),
        ("PUT", "/cluster/options", {"description": "x"}),
        ("PUT", "/nodes/pve/config", {"description": "x"}),
        ("PUT", "/nodes/pve/dns", {"search": "lab", "dns1": "10.0.0.1"}),
        ("PUT", "/nodes/pve/time", {"timezone": "Europe/Berlin"}),
        ("POST", "/nodes/pve/hosts", {"data": "127.0.0.1 localhost\n"}),
    ):
        node.ask(method, path, **values)
    for place in ("/cluster", "/nodes/pve", "/nodes/pve/lxc/100"):
        firewall = f"{place}/firewall"
        if not node.ask("GET", f"{firewall}/rules").data:
            node.ask("POST", f"{firewall}/rules", type="in", action="ACCEPT")
        node.ask("PUT", f"{firewall}/options", enable=1)
        node.ask("POST", f"{firewall}/aliases", name="lan", cidr="10.0.0.0/8")
        node.ask("POST", f"{firewall}/ipset", name="lan")
        node.ask("POST", f"{firewall}/ipset/lan", cidr="10.0.0.1")
    if not node.ask("GET", "/cluster/firewall/groups/web").data:
        node.ask("POST", "/cluster/firewall/groups/web", type="in", action="ACCEPT")
    if len(node.ask("GET", "/nodes/pve/lxc/100/snapshot").data) == 1:
        node.wait(node.ask("POST", "/nodes/pve/lxc/100/snapshot", snapname="one").data)
    if not node.ask("GET", "/nodes/pve/storage/local/content", content="backup").data:
        node.wait(node.ask("POST", "/nodes/pve/vzdump", vmid=101).data)


def paths(*, values: Mapping[str, str] = VALUES) -> dict[str, dict[str, str]]:
    """Every path that GET answers, with the parameters that it needs."""
    found: dict[str, dict[str, str]] = {}
    for endpoint in ENDPOINTS:
        if endpoint.method == "GET" and "{upid}" not in endpoint.path:
            path = re.sub(
                r"\{(\w+)\*?\}", lambda match: values.get(match[1], "local:none"), endpoint.path
            )
            found[path] = _QUERIES.get(path.rpartition("/")[2], {})
    return found


def answers(node: LabNode) -> dict[str, Answer]:
    """What every path says, of both guests."""
    wanted = paths() | paths(values={**VALUES, "vmid": "101"})
    return {path: node.ask("GET", path, **query) for path, query in wanted.items()}


def contents(node: LabNode) -> dict[str, tuple[int, Any]]:
    """Status and data of every path."""
    return {
        path: (answer.status, answer.content.get("data")) for path, answer in answers(node).items()
    }


def lasting(found: Mapping[str, tuple[int, Any]]) -> dict[str, tuple[int, Any]]:
    """What of it changes by requests alone."""
    return {path: answer for path, answer in found.items() if not _RESTLESS.search(path)}
