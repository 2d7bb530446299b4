"""The lab's table of endpoints against the schema that Proxmox publishes.

Needs the package `fakepve`, which carries that schema as data; it is used in tests only.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from homelab.lab.api.endpoint import Endpoint, Privilege
from homelab.lab.api.table import ENDPOINTS

pytestmark = pytest.mark.skipif(
    find_spec("fakepve") is None, reason="the official schema (package fakepve) is not installed"
)

_LAB_ONLY: dict[str, set[str]] = {
    # Sent by community.proxmox beside the path, and taken by PVE since it is the same value.
}
_LOOSER = {
    # Sizes and names that PVE checks in code of its own.
    ("POST", "/nodes/{node}/lxc", "ssh-public-keys"),
}
_TYPES = {"string", "integer", "number", "boolean", "array"}


@cache
def _paths() -> dict[str, Any]:
    spec = find_spec("fakepve")
    assert spec is not None
    assert spec.origin is not None
    data = Path(spec.origin).parent / "data" / "pve-api.json.gz"
    with gzip.open(data) as file:
        return dict(json.load(file)["paths"])


def _anonymous(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


@cache
def _methods() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, _anonymous(path)): described
        for path, methods in _paths().items()
        for method, described in methods.items()
    }


def _official(endpoint: Endpoint) -> dict[str, Any]:
    return _methods()[(endpoint.method, _anonymous(endpoint.path))]


def _parameters(endpoint: Endpoint) -> dict[str, dict[str, Any]]:
    """The official parameters without those of the path; `net[n]` stands for all numbers."""
    found: dict[str, dict[str, Any]] = _official(endpoint)["parameters"].get("properties", {})
    in_path = set(re.findall(r"\{(\w+)\*?\}", endpoint.path))
    return {name: value for name, value in found.items() if name not in in_path}


def _name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def _family(name: str, official: dict[str, dict[str, Any]]) -> str:
    if name in official:
        return name
    stem = re.sub(r"\d+$", "", name)
    return f"{stem}[n]" if f"{stem}[n]" in official else name


EVERY = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=_name)


@EVERY
def test_every_endpoint_is_one_of_pves(endpoint: Endpoint) -> None:
    assert (endpoint.method, _anonymous(endpoint.path)) in _methods()


@EVERY
def test_it_takes_the_parameters_that_pve_takes_and_no_others(endpoint: Endpoint) -> None:
    official = _parameters(endpoint)
    ours = {_family(name, official) for name in endpoint.parameters}
    assert ours == set(official)


@EVERY
def test_it_asks_for_what_pve_asks_for(endpoint: Endpoint) -> None:
    official = _parameters(endpoint)
    required = {name for name, value in official.items() if not value.get("optional")}
    assert {name for name, value in endpoint.parameters.items() if value.required} == required


@EVERY
def test_types_ranges_and_choices_are_pves(endpoint: Endpoint) -> None:
    official = _parameters(endpoint)
    for name, parameter in endpoint.parameters.items():
        described = official[_family(name, official)]
        kind = described.get("type", "string")
        assert parameter.type == kind, name
        for ours, theirs in (
            (parameter.minimum, described.get("minimum")),
            (parameter.maximum, described.get("maximum")),
            (parameter.max_length, described.get("maxLength")),
        ):
            if theirs is not None and (endpoint.method, endpoint.path, name) not in _LOOSER:
                assert ours == float(theirs), name
        choices = described.get("enum")
        if choices and parameter.enum:
            assert set(parameter.enum) == set(map(str, choices)), name


@EVERY
def test_a_plain_privilege_is_pves(endpoint: Endpoint) -> None:
    check = (_official(endpoint).get("permissions") or {}).get("check")
    if check is None or check[0] != "perm" or not isinstance(endpoint.permission, Privilege):
        return
    ours = {endpoint.permission.name, *endpoint.permission.or_else}
    assert endpoint.permission.path == check[1]
    assert ours == set(check[2])


@EVERY
def test_tokens_are_refused_where_pve_refuses_them(endpoint: Endpoint) -> None:
    assert endpoint.tickets_only == (not _official(endpoint).get("allowtoken", 1))
