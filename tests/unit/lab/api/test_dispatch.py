from __future__ import annotations

import json
from dataclasses import replace

import pytest

from homelab.lab.api.dispatch import Reply, Request
from homelab.lab.api.rights import Privilege
from homelab.lab.api.table import ENDPOINTS


def _request(node, method: str, path: str, **more) -> Request:
    return Request(
        method=method, path=path, headers={**node.headers, **more.pop("headers", {})}, **more
    )


def test_what_is_not_served_answers_501_as_pve_does(node) -> None:
    answer = node.ask("GET", "/cluster/metrics")
    assert (answer.status, answer.reason) == (
        501,
        "Method 'GET /cluster/metrics' not implemented",
    )
    assert node.ask("DELETE", "/version").status == 501


def test_no_ticket_is_asked_for_before_anything_else(node) -> None:
    node.headers = {}
    for path in ("/version", "/no/such/path"):
        answer = node.ask("GET", path)
        assert (answer.status, answer.reason) == (401, "No ticket")


def test_errors_carry_message_and_errors(node) -> None:
    answer = node.ask("POST", "/nodes/pve/lxc", vmid=99, memory="x", colour="red")
    assert (answer.status, answer.reason) == (400, "Parameter verification failed.")
    assert answer.content["data"] is None
    assert answer.content["message"] == "Parameter verification failed.\n"
    assert answer.errors == {
        "vmid": "value must have a minimum value of 100",
        "memory": "type check ('integer') failed - got 'x'",
        "ostemplate": "property is missing and it is not optional",
        "colour": (
            "property is not defined in schema and the schema does not allow additional properties"
        ),
    }


def test_paths_are_decoded_and_empty_segments_dropped(node) -> None:
    assert node.raw(_request(node, "GET", "/api2/json//version/")).status == 200
    status = node.create()
    upid = status["upid"].replace("!", "%21").replace(":", "%3A")
    assert (
        node.raw(_request(node, "GET", f"/api2/json/nodes/pve/tasks/{upid}/status")).status == 200
    )


def test_other_paths_are_not_found(node) -> None:
    assert node.raw(_request(node, "GET", "/")).status == 404


def test_a_form_needs_no_content_type_and_json_is_understood(node) -> None:
    form = _request(node, "POST", "/api2/json/pools", body=b"poolid=a&comment=x+y")
    assert node.raw(form).status == 200
    body = json.dumps({"poolid": "b", "comment": None}).encode()
    kind = {"Content-Type": "application/json; charset=utf-8"}
    assert (
        node.raw(_request(node, "POST", "/api2/json/pools", body=body, headers=kind)).status == 200
    )
    assert node.ask("GET", "/pools").data == [{"poolid": "a", "comment": "x y"}, {"poolid": "b"}]


def test_json_numbers_and_booleans_are_parameters(node) -> None:
    node.create()
    body = json.dumps({"memory": 1024, "onboot": True, "tags": ["b", "a"]}).encode()
    request = _request(
        node,
        "PUT",
        "/api2/json/nodes/pve/lxc/100/config",
        body=body,
        headers={"Content-Type": "application/json"},
    )
    assert node.raw(request).status == 200
    config = node.config()
    assert (config["memory"], config["onboot"], config["tags"]) == (1024, 1, "a;b")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 500),
        (b"[]", "application/json", 500),
        (b"x", "text/plain", 506),
    ],
)
def test_other_bodies_are_refused(node, body, kind, status) -> None:
    request = _request(node, "POST", "/api2/json/pools", body=body, headers={"Content-Type": kind})
    assert node.raw(request).status == status


def test_bodies_where_there_should_be_none_and_chunks_are_refused(node) -> None:
    assert node.raw(_request(node, "GET", "/api2/json/version", body=b"x=1")).status == 501
    assert node.raw(_request(node, "POST", "/api2/json/pools", chunked=True)).status == 501


def test_the_query_wins_over_the_body(node) -> None:
    request = _request(node, "POST", "/api2/json/pools", query="poolid=q", body=b"poolid=b")
    assert node.raw(request).status == 200
    assert node.ask("GET", "/pools").data == [{"poolid": "q"}]


def test_a_path_parameter_may_be_repeated_but_not_contradicted(node) -> None:
    node.create()
    path = "/nodes/pve/lxc/100/config"
    assert node.ask("PUT", path, vmid=100, node="pve", memory=600).status == 200
    answer = node.ask("PUT", path, vmid=101, memory=700)
    assert answer.status == 400
    assert answer.errors == {
        "vmid": "duplicate parameter (already defined in URI) with conflicting values!"
    }


def test_an_unknown_node_has_no_address(node) -> None:
    answer = node.ask("GET", "/nodes/other/lxc")
    assert answer.status == 500
    assert answer.reason.startswith("hostname lookup 'other' failed")


def test_every_endpoint_is_one_row_and_names_its_path_in_its_permission() -> None:
    seen = [(endpoint.method, endpoint.path) for endpoint in ENDPOINTS]
    assert len(seen) == len(set(seen))
    for endpoint in ENDPOINTS:
        if isinstance(endpoint.permission, Privilege):
            names = {part for part in endpoint.path.replace("*}", "}").split("/") if "{" in part}
            names |= {f"{{{name}}}" for name in endpoint.parameters}
            used = {part for part in endpoint.permission.path.split("/") if "{" in part}
            assert used <= names, endpoint


def test_every_get_that_needs_no_more_than_its_path_answers(node) -> None:
    upid = node.create(start=1)["upid"]
    node.ask("POST", "/pools", poolid="media")
    values = {
        "{node}": "pve",
        "{vmid}": "100",
        "{upid}": upid,
        "{storage}": "local",
        "{poolid*}": "media",
        "{userid}": "root@pam",
        "{iface}": "vmbr0",
    }
    for endpoint in ENDPOINTS:
        path = endpoint.path
        for name, value in values.items():
            path = path.replace(name, value)
        needs_more = any(parameter.required for parameter in endpoint.parameters.values())
        gone_in_9 = path == "/cluster/ha/groups"
        if endpoint.method == "GET" and not (needs_more or gone_in_9 or "{" in path):
            assert node.ask("GET", path).status == 200, path


def test_for_extjs_an_error_has_status_200_and_says_so_in_the_body(node) -> None:
    good = node.raw(Request(method="GET", path="/api2/extjs/version", headers=node.headers))
    assert (good.status, good.content["success"]) == (200, 1)
    assert good.content["data"]["release"]
    bad = node.raw(Request(method="GET", path="/api2/extjs/nothing", headers=node.headers))
    assert (bad.status, bad.reason) == (200, "OK")
    assert (bad.content["success"], bad.content["status"], bad.content["data"]) == (0, 501, None)
    assert "not implemented" in bad.content["message"]


def test_for_extjs_a_wrong_parameter_is_in_the_body_and_no_ticket_is_401(node) -> None:
    path = "/api2/extjs/cluster/nextid"
    wrong = node.raw(Request(method="GET", path=path, query="vmid=1", headers=node.headers))
    assert (wrong.content["success"], wrong.content["status"]) == (0, 400)
    assert "vmid" in wrong.content["errors"]
    assert node.raw(Request(method="GET", path=path)).status == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api2/json/nodes/pve/storage/local/upload", 403),
        ("/api2/json/access/users", 506),
        ("/api2/json/none", 506),
        ("/none", 404),
        ("/lab/faults", 506),
    ],
)
def test_a_file_is_decided_on_before_it_comes(node, tmp_path, path: str, status: int) -> None:
    node.ask("POST", "/access/users", userid="eve@pve", password="long enough").data  # noqa: B018
    eve = node.log_in("eve@pve", "long enough")
    head = Request(method="POST", path=path, headers=eve.headers, upload=tmp_path / "file")
    refused = node.dispatcher.admit(head)
    assert isinstance(refused, Reply)
    assert refused.status == status
    stranger = node.dispatcher.admit(replace(head, headers={}))
    assert isinstance(stranger, Reply)
    assert stranger.status in {401, 404, 506}


def test_who_may_bring_a_file_is_let_in_without_a_csrf_token(node, tmp_path) -> None:
    head = Request(
        method="POST",
        path="/api2/json/nodes/pve/storage/local/upload",
        headers={"Authorization": node.headers["Authorization"]},
        upload=tmp_path / "file",
    )
    admitted = node.dispatcher.admit(head)
    assert str(admitted) == "root@pam"
    refused = node.dispatcher.admit(replace(head, upload=None))
    assert isinstance(refused, Reply)
    assert refused.status == 401
