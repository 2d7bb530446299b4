from __future__ import annotations

import tracemalloc

import pytest

from homelab.lab.api.endpoint import Endpoint
from homelab.lab.api.router import Router


def _endpoint(method, path: str) -> Endpoint:
    return Endpoint(method=method, path=path, permission="user", handler=lambda _c, _r: None)


ROUTER = Router(
    [
        _endpoint("GET", "/pools"),
        _endpoint("GET", "/pools/{poolid*}"),
        _endpoint("GET", "/nodes/{node}/lxc/{vmid}"),
        _endpoint("GET", "/nodes/{node}/lxc/{vmid}/status/current"),
        _endpoint("GET", "/nodes/{node}/content/{volume*}"),
    ]
)


@pytest.mark.parametrize(
    ("path", "variables"),
    [
        ("/pools", {}),
        ("//pools/", {}),
        ("/pools/a/b", {"poolid": "a/b"}),
        ("/nodes/pve/lxc/100", {"node": "pve", "vmid": "100"}),
        ("/nodes/pve/lxc/100/status/current/", {"node": "pve", "vmid": "100"}),
        ("/nodes/pve/content/local:vztmpl/x.tar", {"node": "pve", "volume": "local:vztmpl/x.tar"}),
    ],
)
def test_paths_are_found_with_their_variables(path: str, variables: dict[str, str]) -> None:
    found = ROUTER.find("GET", path)
    assert found is not None
    assert found[1] == variables


@pytest.mark.parametrize(
    "path", ["/", "/nodes/pve", "/nodes/pve/lxc/100/status", "/nodes/pve/content"]
)
def test_other_paths_are_not_found(path: str) -> None:
    assert ROUTER.find("GET", path) is None
    assert ROUTER.find("PUT", "/pools") is None


def test_an_endpoint_is_there_once() -> None:
    with pytest.raises(ValueError, match="two endpoints for GET /pools"):
        Router([_endpoint("GET", "/pools"), _endpoint("GET", "/pools/")])


def test_nothing_of_the_paths_is_remembered() -> None:
    def find(count: int) -> None:
        for number in range(count):
            assert ROUTER.find("GET", f"/pools/{number}{'x' * 5000}") is not None

    find(10)
    tracemalloc.start()
    find(1000)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000
