"""The order in which services start: each one after those that it depends on."""

from __future__ import annotations

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
    waiting = {name: {d for d in needs if d in graph} for name, needs in graph.items()}
    dependents: dict[str, list[str]] = {name: [] for name in graph}
    for name, needs in waiting.items():
        for need in needs:
            dependents[need].append(name)
    position = {name: index for index, name in enumerate(graph)}
    waves: list[tuple[str, ...]] = []
    ready = [name for name, needs in waiting.items() if not needs]
    while ready:
        waves.append(tuple(ready))
        freed = []
        for name in ready:
            del waiting[name]
            for dependent in dependents[name]:
                waiting[dependent].discard(name)
                if not waiting[dependent]:
                    freed.append(dependent)
        ready = sorted(freed, key=position.__getitem__)
    return tuple(waves), {
        name: tuple(need for need in graph[name] if need in waiting) for name in waiting
    }


def find_cycle(rest: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """One cycle in the leftover of `layers`, with its first name repeated at the end."""
    trail: dict[str, int] = {}
    name = next(iter(rest))
    while name not in trail:
        trail[name] = len(trail)
        name = rest[name][0]
    return (*list(trail)[trail[name] :], name)
