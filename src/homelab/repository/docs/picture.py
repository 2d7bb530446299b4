"""docs/topology.svg: nodes, bridges, containers and what they need, drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from homelab.escaping import one_line
from homelab.model.topology import Topology
from homelab.model.values import Container
from homelab.repository.docs.arrows import arrows
from homelab.repository.docs.layout import (
    BAR,
    BOX_HEIGHT,
    BOX_WIDTH,
    MARGIN,
    Bar,
    Box,
    Panel,
    Riser,
    panels,
)
from homelab.wording import counted

_NETWORK_COLOURS = ("#0f766e", "#b45309", "#6d28d9", "#be123c")
_CATEGORY_COLOURS = ("#2563eb", "#059669", "#d97706", "#7c3aed", "#db2777", "#475569")
_ARROW_COLOURS = (
    *("#334155", "#9333ea", "#0284c7", "#c2410c", "#15803d"),
    *("#be185d", "#a16207", "#0f766e", "#4338ca", "#7f1d1d"),
)
_STYLE = """
text { font-family: 'DejaVu Sans', 'Segoe UI', Helvetica, Arial, sans-serif; font-size: 12px;
  fill: #1e293b }
.title { font-size: 17px; font-weight: bold }
.name { font-size: 13.5px; font-weight: bold }
.small { font-size: 11px }
.pale { fill: #64748b }
.end { text-anchor: end }
.bar { fill: #ffffff; font-weight: bold; font-size: 13px }
.category { font-size: 13px; font-weight: bold }
"""
_LETTER = 6.3
"""About how wide a letter of the small text is."""


def picture(topology: Topology) -> str:
    """The drawing as SVG; the same topology always gives the same text."""
    drawn = panels(topology)
    width = max((panel.width for panel in drawn), default=400) + 2 * MARGIN
    height = (drawn[-1].y + drawn[-1].height if drawn else MARGIN) + 56
    svg = ET.Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        height=f"{height:g}",
        role="img",
    )
    ET.SubElement(svg, "title").text = "Topology: nodes, bridges, containers and dependencies"
    ET.SubElement(svg, "style").text = _STYLE
    ET.SubElement(svg, "rect", width="100%", height="100%", fill="#f8fafc")
    networks = _colours((net.name for net in topology.networks), _NETWORK_COLOURS)
    categories = _colours(topology.categories, _CATEGORY_COLOURS)
    needed = dict.fromkeys(name for c in topology for name in c.service.depends_on)
    hues = _colours(needed, _ARROW_COLOURS)
    _heads(svg, hues)
    for panel in drawn:
        _panel(svg, panel, networks, categories)
    boxes = tuple(box for panel in drawn for box in panel.boxes)
    bridges = {net.bridge: networks[net.name] for net in topology.networks}
    for box in boxes:
        _box(svg, box, categories[box.container.category], bridges)
    for arrow in arrows(boxes):
        colour = hues[arrow.needs]
        ET.SubElement(
            svg,
            "path",
            {"d": arrow.path, "fill": "none", "stroke": colour, "stroke-width": "1.5"},
            opacity="0.85",
        ).set("marker-end", f"url(#head{colour[1:]})")
    _legend(svg, height - 30)
    ET.indent(svg, space=" ")
    return ET.tostring(svg, encoding="unicode") + "\n"


def _colours(names: Iterable[str], palette: tuple[str, ...]) -> dict[str, str]:
    return {name: palette[index % len(palette)] for index, name in enumerate(names)}


def _text(parent: ET.Element, x: float, y: float, text: str, kind: str, **more: str) -> None:
    ET.SubElement(
        parent, "text", {"x": f"{x:g}", "y": f"{y:g}", "class": kind}, **more
    ).text = one_line(text)


def _rect(parent: ET.Element, place: tuple[float, float, float, float], **look: str) -> None:
    names = ("x", "y", "width", "height")
    at = {name: f"{number:g}" for name, number in zip(names, place, strict=True)}
    ET.SubElement(parent, "rect", at | look)


def _heads(svg: ET.Element, hues: Mapping[str, str]) -> None:
    defs = ET.SubElement(svg, "defs")
    for colour in dict.fromkeys((*hues.values(), "#334155")):
        marker = ET.SubElement(
            defs,
            "marker",
            id=f"head{colour[1:]}",
            viewBox="0 0 8 8",
            refX="7",
            refY="4",
            markerWidth="7",
            markerHeight="7",
            orient="auto",
        )
        ET.SubElement(marker, "path", d="M0,0.6 L8,4 L0,7.4 Z", fill=colour)


def _panel(
    svg: ET.Element, panel: Panel, networks: Mapping[str, str], categories: Mapping[str, str]
) -> None:
    place = (MARGIN, panel.y, panel.width, panel.height)
    look = {"rx": "10", "fill": "#eef2f7", "stroke": "#94a3b8", "stroke-width": "1.5"}
    _rect(svg, place, **look)
    memory = sum(box.container.memory for box in panel.boxes) / 1024
    cores = sum(box.container.cores for box in panel.boxes)
    _text(svg, MARGIN + 16, panel.y + 26, f"node {panel.node}", "title")
    summary = f"{len(panel.boxes)} containers, {cores} cores, {memory:g} GiB of memory declared"
    _text(svg, MARGIN + panel.width - 16, panel.y + 26, summary, "pale end")
    for riser in panel.risers:
        _riser(svg, riser, networks[riser.network.name])
    for bar in panel.bars:
        _bar(svg, bar, networks[bar.network.name])
    for heading in panel.headings:
        colour = categories[heading.category]
        _text(svg, heading.x, heading.y, heading.category, "category", style=f"fill: {colour}")
        count = str(heading.count)
        _text(svg, heading.x + BOX_WIDTH, heading.y, count, "pale small end")


def _bar(svg: ET.Element, bar: Bar, colour: str) -> None:
    network = bar.network
    _rect(svg, (bar.x + 12, bar.y, bar.width - 24, BAR), rx="5", fill=colour)
    middle = bar.y + BAR / 2 + 4.5
    _text(svg, bar.x + 24, middle, f"{network.bridge}   {network.name}   {network.cidr}", "bar")
    way = "through the VPN gateway only" if network.vpn else "direct"
    facts = f"gateway {network.gateway}, node {network.node_address.ip}, way out: {way}"
    _text(svg, bar.x + bar.width - 24, middle, facts, "bar end", style="font-weight: normal")


def _riser(svg: ET.Element, riser: Riser, colour: str) -> None:
    path = f"M{riser.x:g},{riser.top:g} V{riser.bottom:g}"
    stubs = "".join(f" M{riser.x:g},{height:g} H{end:g}" for height, end in riser.stubs)
    ET.SubElement(
        svg, "path", {"d": path + stubs, "fill": "none", "stroke": colour, "stroke-width": "2"}
    )


def _box(svg: ET.Element, box: Box, colour: str, bridges: Mapping[str, str]) -> None:
    container = box.container
    group = ET.SubElement(svg, "g")
    title = one_line(f"{container.name}: {container.description}")
    ET.SubElement(group, "title").text = title
    place = (box.x, box.y, BOX_WIDTH, BOX_HEIGHT)
    _rect(group, place, rx="5", fill="#ffffff", stroke="#94a3b8")
    stripe = f"M{box.x + 5:g},{box.y + 6:g} V{box.y + BOX_HEIGHT - 6:g}"
    ET.SubElement(group, "path", {"d": stripe, "stroke": colour, "stroke-width": "3.5"})
    left, right = box.x + 13, box.x + BOX_WIDTH - 8
    _text(group, left, box.y + 19, container.name, "name")
    _text(group, right, box.y + 19, str(container.vmid), "small pale end")
    at = left
    for interface in container.networks:
        address = str(interface.address)
        shade = bridges.get(interface.bridge, "#1e293b")
        _text(group, at, box.y + 35, address, "small", style=f"fill: {shade}")
        at += (len(address) + 1) * _LETTER
    ports = dict.fromkeys(str(port.port) for port in container.service.ports)
    listed = "port " + ", ".join(ports)
    if len(listed) > int((right - at) / _LETTER):
        listed = ":" + ",".join(ports)
    _text(group, right, box.y + 35, listed, "small end")
    _text(group, left, box.y + 50, _resources(container), "small pale")


def _resources(container: Container) -> str:
    memory = container.memory
    size = f"{memory / 1024:g} GiB" if memory >= 1024 else f"{memory} MiB"
    data = "".join(f" + {mount.size}" for mount in container.mount_points)
    return f"{counted(container.cores, 'core')}, {size}, disk {container.rootfs.size}{data}"


def _legend(svg: ET.Element, y: float) -> None:
    x = float(MARGIN)
    head = {"stroke": "#334155", "stroke-width": "1.5", "marker-end": "url(#head334155)"}
    ET.SubElement(svg, "path", {"d": f"M{x:g},{y:g} h44", **head})
    _text(
        svg,
        x + 54,
        y + 4,
        "needs: starts when that one is healthy. One colour for each container that is needed.",
        "small pale",
    )
