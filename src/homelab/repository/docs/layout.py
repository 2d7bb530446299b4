"""Where everything stands in the drawing: nodes, bridges, columns of containers.

A node is a panel. Bridges with a way out of their own lie above the containers, those behind the
VPN gateway below; each category is a column, and hangs on its bridges by one riser each.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

from homelab.model.topology import Topology
from homelab.model.values import Container, Network

BOX_WIDTH = 208
BOX_HEIGHT = 58
MARGIN = 24
BAR = 30
_PITCH = BOX_HEIGHT + 12
_RISER = 10
_TITLE = 40
_HEADING = 34
_MOST_PERMUTED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A container's place: the upper left corner, and its column on its node."""

    container: Container
    x: float
    y: float
    column: int
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bridge's place on a node."""

    network: Network
    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Riser:
    """The vertical line by which a column hangs on a bridge, and the stubs to its containers."""

    network: Network
    x: float
    top: float
    bottom: float
    stubs: tuple[tuple[float, float], ...]
    """The height of each stub, and where it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A category's name above its column."""

    category: str
    x: float
    y: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A node with all that stands on it."""

    node: str
    y: float
    width: float
    height: float
    bars: tuple[Bar, ...]
    risers: tuple[Riser, ...]
    headings: tuple[Heading, ...]
    boxes: tuple[Box, ...]


def panels(topology: Topology) -> tuple[Panel, ...]:
    """Every node's panel, one below the other, all of one width."""
    order = column_order(topology)
    widths = [_column_width(topology, category) for category in order]
    width = sum(widths) + MARGIN + 12
    placed: list[Panel] = []
    y = float(MARGIN)
    for node in sorted({container.node for container in topology}):
        panel = _panel(topology, node, order, widths, y=y, width=width)
        placed.append(panel)
        y += panel.height + MARGIN
    return tuple(placed)


def column_order(topology: Topology) -> tuple[str, ...]:
    """The categories, so that those that need each other are close."""
    categories = topology.categories
    home = {container.name: container.category for container in topology}
    pairs = [
        (container.category, home[name])
        for container in topology
        for name in container.service.depends_on
        if name in home and home[name] != container.category
    ]
    if not pairs or len(categories) > _MOST_PERMUTED:
        return categories

    def distance(order: tuple[str, ...]) -> int:
        return sum(abs(order.index(one) - order.index(other)) for one, other in pairs)

    return min(permutations(categories), key=distance)


def _column_width(topology: Topology, category: str) -> float:
    """Room for risers to the left, and for the arrows within the column to the right."""
    inside = {container.name for container in topology if container.category == category}
    arrows = sum(
        len(inside.intersection(container.service.depends_on))
        for container in topology
        if container.category == category
    )
    return _left(topology) + BOX_WIDTH + 30 + min(arrows, 8) * 7


def _left(topology: Topology) -> float:
    return 16 + _RISER * len(topology.networks)


def _panel(
    topology: Topology,
    node: str,
    order: tuple[str, ...],
    widths: list[float],
    *,
    y: float,
    width: float,
) -> Panel:
    above = [network for network in topology.networks if not network.vpn]
    below = [network for network in topology.networks if network.vpn]
    behind = {network.bridge for network in below}

    def is_behind(container: Container) -> bool:
        return any(nic.bridge in behind for nic in container.networks)

    on_node = [container for container in topology if container.node == node]
    columns = [
        sorted((one for one in on_node if one.category == category), key=is_behind)
        for category in order
    ]
    first = y + _TITLE + len(above) * (BAR + 8) + _HEADING
    rows = max((len(column) for column in columns), default=0)
    last = first + rows * _PITCH
    bars = [
        Bar(network=network, x=MARGIN, y=top + index * (BAR + 8), width=width)
        for networks, top in ((above, y + _TITLE), (below, last + 8))
        for index, network in enumerate(networks)
    ]
    boxes: list[Box] = []
    risers: list[Riser] = []
    headings: list[Heading] = []
    x = MARGIN + 12.0
    for number, (category, column) in enumerate(zip(order, columns, strict=True)):
        left = x + _left(topology)
        stand: list[Box] = []
        for index, container in enumerate(column):
            # Those behind the gateway stand at the bottom, near their bridge.
            row = index + (rows - len(column) if is_behind(container) else 0)
            place = Box(container=container, x=left, y=first + row * _PITCH, column=number, row=row)
            stand.append(place)
        boxes += stand
        if column:
            headings.append(Heading(category=category, x=left, y=first - 12, count=len(column)))
        risers += _risers(bars, stand, x=x)
        x += widths[number]
    return Panel(
        node=node,
        y=y,
        width=width,
        height=last + len(below) * (BAR + 8) + MARGIN - y,
        bars=tuple(bars),
        risers=tuple(risers),
        headings=tuple(headings),
        boxes=tuple(boxes),
    )


def _risers(bars: list[Bar], boxes: list[Box], *, x: float) -> list[Riser]:
    found = []
    for index, bar in enumerate(bars):
        stubs = tuple(
            (box.y + 14 + index * 12, box.x)
            for box in boxes
            if any(nic.bridge == bar.network.bridge for nic in box.container.networks)
        )
        if not stubs:
            continue
        heights = [height for height, _ in stubs]
        over = bar.y + BAR < min(heights)
        found.append(
            Riser(
                network=bar.network,
                x=x + index * _RISER,
                top=bar.y + BAR if over else min(heights),
                bottom=max(heights) if over else bar.y,
                stubs=stubs,
            )
        )
    return found
