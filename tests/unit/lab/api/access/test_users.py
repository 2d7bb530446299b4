from __future__ import annotations

import pytest

ANN = "ann@pve"


@pytest.fixture
def ann(node):
    """Another user, asked as itself; without any right."""
    node.ask("POST", "/access/users", userid=ANN, password="long enough").data  # noqa: B018
    return node.log_in(ANN, "long enough")


def _allow(node, path: str, role: str, **who: object) -> None:
    who = who or {"users": ANN}
    assert node.ask("PUT", "/access/acl", path=path, roles=role, **who).data is None


def test_a_whole_token_may_what_its_user_may(node, ann) -> None:
    node.create(100)
    _allow(node, "/", "Administrator")
    made = ann.ask("POST", f"/access/users/{ANN}/token/ci", privsep=0).data
    token = node.with_token(made["full-tokenid"], made["value"])
    assert token.ask("GET", "/nodes/pve/lxc/100/config").status == 200
    again = ann.ask("POST", f"/access/users/{ANN}/token/ci")
    assert (again.status, again.errors) == (400, {"tokenid": "Token already exists."})


def test_what_is_set_outlives_the_server(open_node) -> None:
    before = open_node()
    before.ask("POST", "/access/users", userid=ANN, password="long enough", comment="x")
    after = open_node()
    assert after.ask("GET", f"/access/users/{ANN}").data["comment"] == "x"
    assert after.log_in(ANN, "long enough").ask("GET", "/version").status == 200


def test_a_disabled_user_is_out_at_once(node, ann) -> None:
    assert ann.ask("GET", "/version").status == 200
    node.ask("PUT", f"/access/users/{ANN}", enable=0)
    assert ann.ask("GET", "/version").status == 401
    answer = node.ask("POST", "/access/ticket", username=ANN, password="long enough")
    assert (answer.status, answer.reason) == (401, "authentication failure")
