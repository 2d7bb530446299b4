"""What a service depends on, and the order in which containers start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homelab.model.problems import Problem, Where
from homelab.model.validation.unique import Use, repeated
from homelab.model.waves import find_cycle, layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homelab.model.topology import Topology


def dependencies(topology: Topology, known: frozenset[str]) -> Iterator[Problem]:
    """A dependency is declared, and its container starts earlier."""
    position = {container.name: index for index, container in enumerate(topology)}
    for index, container in enumerate(topology):
        where: Where = ("containers", index, "service", "depends_on")
        yield from repeated(
            Use(
                path=(*where, number),
                value=name,
                owner=container.name,
                label=f"dependency {name}",
            )
            for number, name in enumerate(container.service.depends_on)
        )
        for number, name in enumerate(container.service.depends_on):
            if name not in known:
                yield Problem(
                    path=(*where, number),
                    message=f"{container.name}: depends on {name!r}, which is not declared",
                )
            elif name in position and name != container.name:
                before = topology.containers[position[name]].startup.order
                if before >= container.startup.order:
                    yield Problem(
                        path=("containers", index, "startup", "order"),
                        message=f"{container.name}: start order {container.startup.order} is not"
                        f" after {before} of {name}, which it depends on",
                        other=("containers", position[name], "startup", "order"),
                    )


def cycles(topology: Topology, _known: frozenset[str]) -> Iterator[Problem]:
    """No service depends on itself, however far round."""
    _, rest = layers({container.name: container.service.depends_on for container in topology})
    if rest:
        cycle = find_cycle(rest)
        index = next(i for i, container in enumerate(topology) if container.name == cycle[0])
        yield Problem(
            path=("containers", index, "service", "depends_on"),
            message=f"{cycle[0]}: dependencies form a cycle: {' -> '.join(cycle)}",
        )
