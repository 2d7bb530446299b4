"""Finding an endpoint by method and path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from homelab.lab.api.endpoint import Endpoint

_Found = tuple[Endpoint, Mapping[str, str]]


@dataclass(slots=True)
class _Segment:
    literal: dict[str, _Segment] = field(default_factory=dict)
    variable: _Segment | None = None
    endpoints: dict[str, _Leaf] = field(default_factory=dict)
    rest: dict[str, _Leaf] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Leaf:
    endpoint: Endpoint
    variables: tuple[tuple[str, int], ...]
    """Names and where in the path their values are."""
    rest: str | None = None
    """The variable that has all from the last place on."""
    rest_from: int = 0

    def found(self, names: list[str]) -> _Found:
        values = {name: names[number] for name, number in self.variables}
        if self.rest is not None:
            values[self.rest] = "/".join(names[self.rest_from :])
        return self.endpoint, values


class Router:
    """A tree of path segments; a literal segment wins over a variable one.

    It remembers nothing of the paths that were asked for.
    """

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._root = _Segment()
        for endpoint in endpoints:
            self._add(endpoint)

    def _add(self, endpoint: Endpoint) -> None:
        here = self._root
        variables: list[tuple[str, int]] = []
        for number, name in enumerate(_split(endpoint.path)):
            if name.endswith("*}"):
                here.rest[endpoint.method] = _Leaf(
                    endpoint, tuple(variables), rest=name[1:-2], rest_from=number
                )
                return
            if name.startswith("{"):
                variables.append((name[1:-1], number))
                here.variable = here.variable or _Segment()
                here = here.variable
            else:
                here = here.literal.setdefault(name, _Segment())
        if endpoint.method in here.endpoints:
            raise ValueError(f"two endpoints for {endpoint.method} {endpoint.path}")
        here.endpoints[endpoint.method] = _Leaf(endpoint, tuple(variables))

    def find(self, method: str, path: str) -> _Found | None:
        """The endpoint and its path parameters; empty segments don't count."""
        names = _split(path)
        leaf = _find(self._root, method, names, 0)
        return None if leaf is None else leaf.found(names)


def _find(here: _Segment, method: str, names: list[str], number: int) -> _Leaf | None:
    if number == len(names):
        return here.endpoints.get(method)
    child = here.literal.get(names[number])
    if child is not None:
        found = _find(child, method, names, number + 1)
        if found is not None:
            return found
    if here.variable is not None:
        found = _find(here.variable, method, names, number + 1)
        if found is not None:
            return found
    return here.rest.get(method)


def _split(path: str) -> list[str]:
    return [name for name in path.split("/") if name]
