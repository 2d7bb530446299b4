from __future__ import annotations

import pytest

TELMATE = [
    "Datastore.AllocateSpace",
    "Datastore.Audit",
    "Pool.Allocate",
    "Pool.Audit",
    "Sys.Audit",
    "Sys.Console",
    "Sys.Modify",
    "VM.Allocate",
    "VM.Audit",
    "VM.Clone",
    "VM.Config.CDROM",
    "VM.Config.Cloudinit",
    "VM.Config.CPU",
    "VM.Config.Disk",
    "VM.Config.HWType",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.Options",
    "VM.Migrate",
    "VM.PowerMgmt",
]


def test_login_and_what_telmates_provider_asks_first(node) -> None:
    answer = node.ask("POST", "/access/ticket", username="root@pam", password="correct horse")
    assert answer.data["username"] == "root@pam"
    assert answer.data["cap"]["vms"]["VM.Allocate"] == 1
    assert "NeedTFA" not in answer.data
    users = node.ask("GET", "/access/users", full=1).data
    assert [user["userid"] for user in users] == ["root@pam"]
    token = node.as_token()
    held = token.ask("GET", "/access/permissions", userid="root@pam", path="/").data["/"]
    assert set(TELMATE) <= set(held)


def test_a_wrong_password_is_401_and_a_realm_may_stand_apart(node) -> None:
    answer = node.ask("POST", "/access/ticket", username="root@pam", password="wrong")
    assert (answer.status, answer.reason) == (401, "authentication failure")
    apart = {"username": "root", "realm": "pam", "password": "correct horse"}
    assert node.ask("POST", "/access/ticket", **apart).status == 200


def test_a_token_can_not_make_tickets(node) -> None:
    answer = node.as_token().ask(
        "POST", "/access/ticket", username="root@pam", password="correct horse"
    )
    assert (answer.status, answer.reason) == (
        403,
        "URI '/access/ticket' not available with API token, need proper ticket.",
    )


ANN = "ann@pve"


@pytest.fixture
def ann(node):
    """Another user, asked as itself; without any right."""
    node.ask("POST", "/access/users", userid=ANN, password="long enough").data  # noqa: B018
    return node.log_in(ANN, "long enough")


def test_the_password_of_another_needs_a_right(node, ann) -> None:
    known = {"confirmation-password": "long enough"}
    own = ann.ask("PUT", "/access/password", userid=ANN, password="even longer", **known)
    assert own.data is None
    assert (
        ann.ask("PUT", "/access/password", userid="root@pam", password="taken over").status == 403
    )
    assert (
        node.as_token()
        .ask("PUT", "/access/password", userid=ANN, password="even longer")
        .reason.startswith("URI '/access/password' not available with API token")
    )
