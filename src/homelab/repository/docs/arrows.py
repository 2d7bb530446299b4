"""The arrows of the drawing: from a container to what it needs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from homelab.repository.docs.layout import BOX_HEIGHT, BOX_WIDTH, Box

Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A curve, as SVG writes it, and the name of what it points at."""

    needs: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edge:
    source: Box
    target: Box
    leaves: Side
    enters: Side


def arrows(boxes: tuple[Box, ...]) -> tuple[Arrow, ...]:
    """A curve for each dependency; those that meet a box on one side are spread over its height."""
    by_name = {box.container.name: box for box in boxes}
    edges = [
        _edge(box, by_name[name])
        for box in boxes
        for name in box.container.service.depends_on
        if name in by_name
    ]
    ends: dict[tuple[str, Side], list[tuple[float, int, str]]] = defaultdict(list)
    for index, edge in enumerate(edges):
        ends[edge.source.container.name, edge.leaves].append((edge.target.y, index, "source"))
        ends[edge.target.container.name, edge.enters].append((edge.source.y, index, "target"))
    heights: dict[tuple[int, str], float] = {}
    for (name, _), meeting in ends.items():
        middle = by_name[name].y + BOX_HEIGHT / 2
        for position, (_, index, end) in enumerate(sorted(meeting)):
            spread = (position - (len(meeting) - 1) / 2) * min(9, 44 / len(meeting))
            heights[index, end] = middle + spread
    return tuple(
        Arrow(
            needs=edge.target.container.name,
            path=_curve(edge, heights[index, "source"], heights[index, "target"]),
        )
        for index, edge in enumerate(edges)
    )


def _edge(source: Box, target: Box) -> _Edge:
    if source.column == target.column:
        return _Edge(source=source, target=target, leaves="right", enters="right")
    if source.column < target.column:
        return _Edge(source=source, target=target, leaves="right", enters="left")
    return _Edge(source=source, target=target, leaves="left", enters="right")


def _curve(edge: _Edge, from_y: float, to_y: float) -> str:
    from_x = edge.source.x + (BOX_WIDTH if edge.leaves == "right" else 0)
    to_x = edge.target.x + (BOX_WIDTH if edge.enters == "right" else 0)
    if edge.leaves == edge.enters:
        bulge = 14 + 13 * abs(edge.source.row - edge.target.row)
        near = min(bulge, 108)
        control = (from_x + near, to_x + near)
    else:
        reach = max(abs(to_x - from_x) / 2, 40) * (1 if edge.leaves == "right" else -1)
        control = (from_x + reach, to_x - reach)
    return (
        f"M{from_x:g},{from_y:g} C{control[0]:g},{from_y:g} {control[1]:g},{to_y:g} "
        f"{to_x:g},{to_y:g}"
    )
