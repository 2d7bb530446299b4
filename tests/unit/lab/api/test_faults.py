from __future__ import annotations

import json

import pytest

from homelab.lab.api.dispatch import Request


@pytest.fixture
def ask(node):
    """Asks the lab itself, as root unless headers are given."""

    def ask_(method: str, path: str = "/lab/faults", body: str = "", headers=None):
        sent = node.headers if headers is None else headers
        return node.raw(Request(method=method, path=path, headers=sent, body=body.encode()))

    return ask_


def test_a_fault_hits_until_it_is_cleared(node, ask) -> None:
    added = ask("POST", body=json.dumps({"path": "/version", "status": 503, "message": "tired"}))
    answer = node.ask("GET", "/version")
    assert (answer.status, answer.reason) == (503, "tired")
    assert [fault["id"] for fault in ask("GET").data] == [added.data["id"]]
    assert ask("DELETE", body=json.dumps({"id": added.data["id"]})).data == 1
    assert node.ask("GET", "/version").status == 200
    assert ask("DELETE").data == 0


@pytest.mark.parametrize("body", ["{", '{"status": 500}', '{"path": "/x", "probability": 2}'])
def test_a_wrong_fault_is_refused(ask, body: str) -> None:
    assert ask("POST", body=body).status == 400
    assert ask("GET").data == []


def test_it_is_for_root_alone(node, ask) -> None:
    assert ask("GET", headers={}).status == 401
    node.ask("POST", "/access/users", userid="ann@pve", password="long enough")
    answer = ask("GET", headers=node.log_in("ann@pve", "long enough").headers)
    assert (answer.status, answer.reason) == (
        403,
        "Permission check failed (the lab itself is for root@pam)",
    )


def test_there_is_nothing_else(ask) -> None:
    answer = ask("GET", "/lab/weather")
    assert (answer.status, answer.reason) == (501, "Method 'GET /lab/weather' not implemented")
