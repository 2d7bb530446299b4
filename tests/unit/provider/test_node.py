from __future__ import annotations

import pytest
from provider_fakes import CONFIG, FakeApi, missing

from homelab.errors import ApiError
from homelab.provider.node import Node, is_missing

_STATUS = "GET nodes/pve/lxc/201/status/current"


def _node(**answers: object) -> tuple[Node, FakeApi]:
    table = {
        "GET version": {"version": "9.1.1"},
        _STATUS: {"status": "running"},
        "GET nodes/pve/lxc/201/config": CONFIG,
        **answers,
    }
    api = FakeApi(table)
    return Node(api, parallel=2), api  # type: ignore[arg-type]


def _refused(reason: str) -> ApiError:
    return ApiError(500, reason, request="POST /x")


def test_reads_share_a_listing() -> None:
    node, api = _node(**{"GET cluster/resources?type=vm": [{"vmid": 201, "name": "plex"}]})
    assert node.guest(201)["name"] == "plex"
    assert node.guest(202) == {}
    assert len(api.asked) == 1


def test_a_container_that_is_gone_has_no_configuration() -> None:
    node, _ = _node()
    assert node.config("pve", 201) == CONFIG
    gone, _ = _node(**{"GET nodes/pve/lxc/201/config": missing()})
    assert gone.config("pve", 201) is None
    broken, _ = _node(**{"GET nodes/pve/lxc/201/config": _refused("got timeout")})
    with pytest.raises(ApiError, match="got timeout"):
        broken.config("pve", 201)


@pytest.mark.parametrize(("version", "body"), [("7.4", {}), ("9.1.1", {"overrule-shutdown": 1})])
def test_a_stop_overrules_a_shutdown_where_pve_can(version: str, body: dict[str, int]) -> None:
    node, api = _node(**{"GET version": {"version": version}})
    node.power("pve", 201, on=False)
    assert api.asked[-1] == ("POST", "nodes/pve/lxc/201/status/stop", body)


def test_what_is_as_wanted_is_left_alone() -> None:
    node, api = _node()
    node.power("pve", 201, on=True)
    assert api.calls() == [_STATUS]


def test_a_stop_that_came_too_late_is_done() -> None:
    node, _ = _node(**{"POST nodes/pve/lxc/201/status/stop": _refused("CT 201 not running")})
    node.power("pve", 201, on=False)
    stuck, _ = _node(**{"POST nodes/pve/lxc/201/status/stop": _refused("got timeout")})
    with pytest.raises(ApiError, match="got timeout"):
        stuck.power("pve", 201, on=False)


def test_destroying_what_is_gone_is_done() -> None:
    node, api = _node(**{_STATUS: missing()})
    node.destroy("pve", 201)
    assert not [call for call in api.calls() if call.startswith("DELETE")]


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (missing(), True),
        (ApiError(403, "pool 'x' does not exist", request="GET /x"), False),
        (ApiError(500, "no such file", request="GET /x"), False),
    ],
)
def test_only_pves_own_words_mean_that_it_is_gone(error: ApiError, is_it: object) -> None:
    assert is_missing(error) is is_it
