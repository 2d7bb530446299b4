"""The order in which services start: each one after those that it depends on."""

from __future__ import annotations

from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from homelab.errors import TopologyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from homelab.model.topology import Topology


def start_waves(topology: Topology) -> tuple[tuple[str, ...], ...]:
    """Names in waves: a wave can start together once all earlier waves are healthy.

    Names within a wave keep the topology's order.

    Raises:
        TopologyError: the dependencies contain a cycle.
    """
    graph = {container.name: container.service.depends_on for container in topology}
    waves, rest = layers(graph)
    if rest:
        raise TopologyError([f"dependencies form a cycle: {' -> '.join(find_cycle(rest))}"])
    return waves


def layers(
    graph: Mapping[str, Sequence[str]],
) -> tuple[tuple[tuple[str, ...], ...], dict[str, tuple[str, ...]]]:
    """The waves of a graph, and what is left over because a cycle holds it back.

    Dependencies on names outside the graph are ignored.
    """
    inside = {name: tuple(need for need in needs if need in graph) for name, needs in graph.items()}
    position = {name: index for index, name in enumerate(graph)}
    sorter = TopologicalSorter(inside)
    with suppress(CycleError):  # what a cycle does not hold back comes out all the same
        sorter.prepare()
    waves: list[tuple[str, ...]] = []
    while ready := sorter.get_ready():
        waves.append(tuple(sorted(ready, key=position.__getitem__)))
        sorter.done(*ready)
    rest = inside.keys() - {name for wave in waves for name in wave}
    return tuple(waves), {
        name: tuple(need for need in inside[name] if need in rest)
        for name in inside
        if name in rest
    }


def find_cycle(rest: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """One cycle in the leftover of `layers`, with its first name repeated at the end."""
    trail: dict[str, int] = {}
    name = next(iter(rest))
    while name not in trail:
        trail[name] = len(trail)
        name = rest[name][0]
    return (*list(trail)[trail[name] :], name)
