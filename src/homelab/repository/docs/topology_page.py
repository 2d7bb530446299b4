"""docs/topology.md: what runs where, on which address, and what needs what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from homelab.escaping import Markdown, markdown, markdown_code, mermaid
from homelab.model.topology import Topology
from homelab.model.values import Container
from homelab.model.waves import start_waves
from homelab.pve.sizes import parse_size
from homelab.repository.docs.markdown import NOTICE, code, table

GIB = 1024**3


def topology_page(topology: Topology, *, picture: str) -> str:
    """The page as Markdown; `picture` is the drawing's file, relative to it."""
    summary = (
        f"{len(topology)} containers in {len(topology.categories)} categories, on "
        f"{len(topology.networks)} networks. `terraform/containers/` declares them."
    )
    lines = [
        NOTICE,
        "",
        "# Topology",
        "",
        summary,
        "",
        f"![Nodes, bridges, containers and what depends on what]({picture})",
        "",
        *_nodes(topology),
        *_networks(topology),
        *_containers(topology),
        *_addresses(topology),
        *_ports(topology),
        *_dependencies(topology),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _nodes(topology: Topology) -> list[str]:
    by_node = sorted(topology.containers, key=lambda container: container.node)
    rows = [
        _sums(node, tuple(containers))
        for node, containers in groupby(by_node, key=lambda container: container.node)
    ]
    head = ["node", "containers", "cores", "memory (MiB)", "swap (MiB)", "root disks (GiB)"]
    head.append("data (GiB)")
    return ["## Nodes", "", *table(head, rows, right=",".join(head[1:]))]


def _sums(node: str, containers: tuple[Container, ...]) -> tuple[object, ...]:
    return (
        node,
        len(containers),
        sum(container.cores for container in containers),
        sum(container.memory for container in containers),
        sum(container.swap for container in containers),
        _gib(container.rootfs.size for container in containers),
        _gib(mount.size for container in containers for mount in container.mount_points),
    )


def _gib(sizes: Iterable[str]) -> str:
    return f"{sum(parse_size(size) for size in sizes) / GIB:g}"


def _networks(topology: Topology) -> list[str]:
    rows = (
        (
            network.name,
            network.bridge,
            network.cidr,
            network.gateway,
            network.node_address.ip,
            "through the VPN gateway only" if network.vpn else "direct",
        )
        for network in topology.networks
    )
    head = ("network", "bridge", "addresses", "gateway", "node's address", "way out")
    return ["## Networks", "", *table(head, rows)]


def _containers(topology: Topology) -> list[str]:
    lines = ["## Containers", ""]
    head = ("container", "vmid", "cores", "memory", "disk", "data", "start", "SLO", "image")
    for category in topology.categories:
        rows = (
            (
                Markdown(f"**{markdown(container.name)}**<br>{markdown(container.description)}"),
                container.vmid,
                container.cores,
                container.memory,
                container.rootfs.size,
                _volumes(container),
                container.startup.order,
                f"{container.service.slo:g} %",
                markdown_code(container.service.image),
            )
            for container in topology
            if container.category == category
        )
        lines += [
            f"### {markdown(category)}",
            "",
            *table(head, rows, right="vmid,cores,memory,start,SLO"),
        ]
    return lines


def _volumes(container: Container) -> Markdown:
    volumes = (f"{markdown_code(mount.path)} {mount.size}" for mount in container.mount_points)
    return Markdown("<br>".join(volumes) or "-")


def _addresses(topology: Topology) -> list[str]:
    taken = [
        (interface.address, interface.bridge, f"{container.name} ({interface.name})")
        for container in topology
        for interface in container.networks
    ]
    taken += [(net.node_address.ip, net.bridge, "the node") for net in topology.networks]
    rows = sorted(taken, key=lambda entry: entry[0])
    return ["## Addresses", "", *table(("address", "bridge", "whose"), rows)]


def _ports(topology: Topology) -> list[str]:
    rows = (
        (rule.container, f"{rule.port}/{rule.protocol}", rule.source, rule.comment)
        for rule in topology.firewall
    )
    head = ("container", "port", "who may reach it", "why")
    return ["## Ports", "", "What is not in this table is dropped.", "", *table(head, rows)]


def _dependencies(topology: Topology) -> list[str]:
    waves = table(
        ("wave", "containers"),
        ((number, ", ".join(names)) for number, names in enumerate(start_waves(topology), 1)),
        right="wave",
    )
    return [
        "## Dependencies",
        "",
        "An arrow points at what a service needs to be healthy before it starts.",
        "",
        *code("\n".join(_mermaid(topology)), "mermaid"),
        "Services start in waves, each when those that it needs are healthy:",
        "",
        *waves,
    ]


def _mermaid(topology: Topology) -> Iterator[str]:
    """Only containers that need another or are needed; a picture of all is beside this page."""
    needed = {name for container in topology for name in container.service.depends_on}
    shown = [c for c in topology if c.service.depends_on or c.name in needed]
    yield "flowchart LR"
    for category in topology.categories:
        names = [container.name for container in shown if container.category == category]
        if names:
            yield f"  subgraph {mermaid(category)}"
            yield from (f'    {_id(name)}["{name}"]' for name in names)
            yield "  end"
    for container in shown:
        for name in container.service.depends_on:
            yield f"  {_id(container.name)} --> {_id(name)}"


def _id(name: str) -> str:
    """A name that Mermaid takes for no keyword."""
    return f"c_{name.replace('-', '_')}"
