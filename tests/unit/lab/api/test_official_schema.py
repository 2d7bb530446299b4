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

from homelab.lab.api.endpoint import Endpoint
from homelab.lab.api.rights import (
    AllOf,
    AnyOf,
    Modify,
    OnUser,
    Privilege,
    Right,
    ThatUser,
    asked_first,
)
from homelab.lab.api.table import ENDPOINTS

_LOOSER = {
    # Sizes and names that PVE checks in code of its own.
    ("POST", "/nodes/{node}/lxc", "ssh-public-keys"),
}


@cache
def _paths() -> dict[str, Any]:
    spec = find_spec("fakepve")
    assert spec is not None, "install the dependency group test"
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


_OTHERWISE = {
    # Its path is normalised by the handler first.
    "PUT /access/acl",
    # Filtered by PVE's handler as well, or found out by the name of what is asked for.
    "GET /cluster/options",
}
"""Whose check is asked inside the handler here."""


def _rule(check: list[Any]) -> object:
    """PVE's check without the order of its parts."""
    kind, *rest = check
    match kind:
        case "and" | "or":
            parts = frozenset(map(_rule, rest))
            return (kind, parts)
        case "perm":
            path, names, *options = rest
            if len(names) > 1 and "any" not in options:
                return ("and", frozenset(("perm", path, frozenset({name})) for name in names))
            return ("perm", path, frozenset(names))
        case "userid-param" if rest == ["self"]:
            return "self"
        case "userid-param":
            return ("perm", "/access/realm/{realm}", frozenset(rest))
        case "userid-group":
            names, *options = rest
            return ("userid-group", frozenset(names), options[1] if options else None)
    return tuple(check)


def _ours(right: Right) -> object:
    match right:
        case Privilege():
            return ("perm", right.path, frozenset({right.name, *right.or_else}))
        case Modify():
            return ("perm-modify", right.path)
        case ThatUser():
            return "self"
        case OnUser():
            changes = ("update" if right.exists else "create") if right.groups else None
            return ("userid-group", frozenset(right.names), changes)
        case AllOf():
            return ("and", frozenset(map(_ours, right.rights)))
        case AnyOf():
            return ("or", frozenset(map(_ours, right.rights)))


@EVERY
def test_who_may_ask_is_pves_rule(endpoint: Endpoint) -> None:
    permissions = _official(endpoint).get("permissions") or {}
    check, permission = permissions.get("check"), endpoint.permission
    if f"{endpoint.method} {endpoint.path}" in _OTHERWISE:
        return
    if check is None:
        assert asked_first(permission) is None
        assert permission != "world" or permissions.get("user") == "world"
    else:
        first = asked_first(permission)
        assert first is not None
        assert _ours(first) == _rule(check)


@EVERY
def test_tokens_are_refused_where_pve_refuses_them(endpoint: Endpoint) -> None:
    assert endpoint.tickets_only == (not _official(endpoint).get("allowtoken", 1))


def _problems(value: object, described: dict[str, Any], where: str) -> list[str]:
    """Where a reply differs from what the schema says of it; unknown keys are no difference."""
    kind = described.get("type")
    if kind == "null" or kind is None:
        return []
    if kind == "array":
        if not isinstance(value, list):
            return [f"{where} is no array"]
        items = described.get("items", {})
        return [
            p
            for number, row in enumerate(value)
            for p in _problems(row, items, f"{where}[{number}]")
        ]
    if kind == "object":
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        properties: dict[str, dict[str, Any]] = described.get("properties", {})
        found: list[str] = []
        for name, inner in properties.items():
            if name in value:
                found += _problems(value[name], inner, f"{where}.{name}")
            elif not inner.get("optional") and "[n]" not in name:
                found.append(f"{where}.{name} is missing")
        return found
    expected: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (int, bool),
    }
    return [] if isinstance(value, expected[kind]) else [f"{where} is no {kind}: {value!r}"]


_VALUES = {
    "{node}": "pve",
    "{vmid}": "100",
    "{storage}": "local",
    "{poolid*}": "media",
    "{userid}": "ann@pve",
    "{iface}": "vmbr0",
    "{tokenid}": "ci",
    "{groupid}": "ops",
    "{roleid}": "PVEAdmin",
    "{realm}": "pam",
    "{snapname}": "one",
    "{pos}": "0",
    "{cidr*}": "10.0.0.1",
    "{group}": "web",
}
_QUERIES = {"rrddata": {"timeframe": "hour"}, "feature": {"feature": "copy"}}
_DIFFERENT = {
    # PVE itself sends a string where its schema says integer, and clients rely on it.
    "/cluster/nextid",
    # Values have the types that L/config shows; the schema says string for all of them.
    "/nodes/pve/lxc/100/pending",
    # Gone in PVE 9, where it answers with an error.
    "/cluster/ha/groups",
}


@pytest.fixture
def furnished(node):
    """A node that has one of everything, so that no list is empty."""
    upid = node.create(
        start=1,
        net0="name=eth0,bridge=vmbr0,ip=10.10.0.5/24",
        mp0="local-zfs:1,mp=/data",
        tags="a",
        description="x",
    )["upid"]
    for method, path, values in (
        ("POST", "/pools", {"poolid": "media", "comment": "c"}),
        ("PUT", "/pools/media", {"vms": "100", "storage": "local"}),
        ("POST", "/access/users", {"userid": "ann@pve", "password": "long enough"}),
        ("POST", "/access/users/ann@pve/token/ci", {}),
        ("POST", "/access/groups", {"groupid": "ops", "comment": "x"}),
        ("PUT", "/access/acl", {"path": "/", "users": "ann@pve", "roles": "PVEAdmin"}),
        ("POST", "/cluster/firewall/groups", {"group": "web"}),
        ("POST", "/cluster/firewall/groups/web", {"type": "in", "action": "ACCEPT"}),
    ):
        assert node.ask(method, path, **values).status == 200, path
    for place in ("/cluster", "/nodes/pve", "/nodes/pve/lxc/100"):
        node.ask("POST", f"{place}/firewall/rules", type="in", action="ACCEPT")
        node.ask("POST", f"{place}/firewall/aliases", name="lan", cidr="10.0.0.0/8")
        node.ask("POST", f"{place}/firewall/ipset", name="lan")
        node.ask("POST", f"{place}/firewall/ipset/lan", cidr="10.0.0.1")
    node.wait(node.ask("POST", "/nodes/pve/lxc/100/snapshot", snapname="one").data)
    node.wait(node.ask("POST", "/nodes/pve/vzdump", vmid=100).data)
    return node, upid


def test_replies_have_what_the_schema_promises(furnished) -> None:
    node, upid = furnished
    problems: list[str] = []
    asked = 0
    for endpoint in ENDPOINTS:
        path = endpoint.path.replace("{upid}", upid).replace("{name}", "lan")
        for name, value in _VALUES.items():
            path = path.replace(name, value)
        query = _QUERIES.get(path.rpartition("/")[2], {})
        required = {name for name, value in endpoint.parameters.items() if value.required}
        if endpoint.method != "GET" or "{" in path or path in _DIFFERENT or required - query.keys():
            continue
        answer = node.ask("GET", path, **query)
        asked += 1
        if answer.status != 200:
            problems.append(f"{path}: {answer.status} {answer.reason}")
            continue
        described = _official(endpoint).get("returns") or {}
        problems += [f"{path}: {p}" for p in _problems(answer.content["data"], described, "")]
    assert problems == []
    assert asked > 80
