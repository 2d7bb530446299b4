"""What must hold for a whole topology; every contradiction is reported, not the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homelab.model.validation.containers import features, identity, tags, volumes
from homelab.model.validation.dependencies import cycles, dependencies
from homelab.model.validation.networks import addresses, interfaces, networks
from homelab.model.validation.services import health, images, ports, sources, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from homelab.model.problems import Problem
    from homelab.model.topology import Topology

_CHECKS: tuple[Callable[[Topology, frozenset[str]], Iterator[Problem]], ...] = (
    networks,
    addresses,
    interfaces,
    identity,
    volumes,
    features,
    tags,
    images,
    ports,
    health,
    variables,
    sources,
    dependencies,
    cycles,
)


def problems_of(topology: Topology, *, declared: Iterable[str] = ()) -> tuple[Problem, ...]:
    """Every problem of the topology.

    `declared` are names of containers that exist but could not be read, so that a dependency on
    one of them is not reported as well.
    """
    known = frozenset(declared).union(container.name for container in topology)
    return tuple(problem for check in _CHECKS for problem in check(topology, known))
