"""Finding an endpoint by method and path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from homelab.lab.api.endpoint import Endpoint

_Found = tuple[Endpoint, Mapping[str, str]]
_REMEMBERED = 20_000
"""Paths, from which on they are forgotten; each task has paths of its own."""


@dataclass(slots=True)
class _Segment:
    literal: dict[str, _Segment] = field(default_factory=dict)
    variable: _Segment | None = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    rest: dict[str, Endpoint] = field(default_factory=dict)


class Router:
    """A tree of path segments; a literal segment wins over a variable one."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._root = _Segment()
        self._found: dict[tuple[str, str], _Found] = {}
        for endpoint in endpoints:
            self._add(endpoint)

    def _add(self, endpoint: Endpoint) -> None:
        here = self._root
        for name in _split(endpoint.path):
            if name.endswith("*}"):
                here.rest[endpoint.method] = endpoint
                return
            if name.startswith("{"):
                here.variable = here.variable or _Segment()
                here = here.variable
            else:
                here = here.literal.setdefault(name, _Segment())
        if endpoint.method in here.endpoints:
            raise ValueError(f"two endpoints for {endpoint.method} {endpoint.path}")
        here.endpoints[endpoint.method] = endpoint

    def find(self, method: str, path: str) -> _Found | None:
        """The endpoint and its path parameters; empty segments don't count."""
        key = (method, path)
        found = self._found.get(key)
        if found is None:
            names = _split(path)
            endpoint = _find(self._root, method, names)
            if endpoint is None:
                return None
            if len(self._found) >= _REMEMBERED:
                self._found = {}
            found = self._found[key] = (endpoint, _variables(endpoint.path, names))
        return found


def _find(here: _Segment, method: str, names: list[str]) -> Endpoint | None:
    if not names:
        return here.endpoints.get(method)
    for child in (here.literal.get(names[0]), here.variable):
        found = None if child is None else _find(child, method, names[1:])
        if found is not None:
            return found
    return here.rest.get(method)


def _split(path: str) -> list[str]:
    return [name for name in path.split("/") if name]


def _variables(template: str, names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, name in enumerate(_split(template)):
        if name.endswith("*}"):
            found[name[1:-2]] = "/".join(names[number:])
        elif name.startswith("{"):
            found[name[1:-1]] = names[number]
    return found
