"""Network interfaces of a running container: changing them, and reading their addresses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from homelab.lab.runtime import Guest, InterfaceAddress, Nic
from homelab.lab.runtimes.lxc.config import veth_name


def change_commands(old: Guest, new: Guest, pid: int) -> tuple[list[str], list[str]]:
    """What turns the interfaces of `old` into those of `new`, as lines for `ip -batch`.

    The first list is for the node's network namespace, the second for the container's, afterwards;
    `pid` is a process of the container.
    """
    before = {nic.name: (number, nic) for number, nic in enumerate(old.nics)}
    after = {nic.name: (number, nic) for number, nic in enumerate(new.nics)}
    node: list[str] = []
    guest: list[str] = []
    for name, (number, nic) in before.items():
        if name not in after or _made_anew(nic, after[name][1]) or after[name][0] != number:
            node.append(f"link delete {veth_name(old.vmid, number)}")
    for name, (number, nic) in after.items():
        veth = veth_name(new.vmid, number)
        known = before.get(name)
        if known is None or known[0] != number or _made_anew(known[1], nic):
            peer = f"{veth}p"
            node += [
                f"link add {veth} type veth peer name {peer} address {nic.hwaddr}",
                *([f"link set {peer} mtu {nic.mtu}"] if nic.mtu else []),
                f"link set {peer} netns {pid} name {name}",
                f"link set {veth} master {nic.bridge}",
                f"link set {veth} up",
            ]
            guest += _addresses(nic)
        elif known[1] != nic:
            if known[1].bridge != nic.bridge:
                node.append(f"link set {veth} master {nic.bridge}")
            guest += [f"address flush dev {name} scope global", *_addresses(nic)]
    return node, guest


def parse_addresses(text: str) -> tuple[InterfaceAddress, ...]:
    """The addresses in the output of `ip -json address`, without those of the kernel's own use."""
    return tuple(_parsed(json.loads(text or "[]")))


def _parsed(links: Sequence[dict[str, object]]) -> Iterable[InterfaceAddress]:
    for link in links:
        infos = link.get("addr_info")
        for info in infos if isinstance(infos, list) else []:
            yield InterfaceAddress(
                interface=str(link["ifname"]),
                hwaddr=str(link.get("address", "")),
                address=str(info["local"]),
                prefix=int(info["prefixlen"]),
                family=4 if info["family"] == "inet" else 6,
            )


def _made_anew(old: Nic, new: Nic) -> bool:
    return (old.hwaddr, old.mtu) != (new.hwaddr, new.mtu)


def _addresses(nic: Nic) -> list[str]:
    if nic.link_down:
        return [f"link set {nic.name} down"]
    lines = [f"link set {nic.name} up"]
    if nic.ip is not None and "/" in nic.ip:
        lines.append(f"address add {nic.ip} dev {nic.name}")
        if nic.gateway is not None:
            lines.append(f"route replace default via {nic.gateway} dev {nic.name}")
    return lines
