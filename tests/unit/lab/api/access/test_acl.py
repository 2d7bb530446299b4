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


def test_groups_carry_rights(node, ann) -> None:
    node.create(100)
    node.ask("POST", "/access/groups", groupid="ops", comment="on call")
    node.ask("PUT", f"/access/users/{ANN}", groups="ops")
    _allow(node, "/vms", "PVEAuditor", groups="ops")
    assert ann.ask("GET", "/nodes/pve/lxc/100/config").status == 200
    assert node.ask("GET", "/access/groups/ops").data == {
        "comment": "on call",
        "members": [ANN],
    }
    assert node.ask("DELETE", "/access/groups/ops").data is None
    assert node.ask("GET", "/access/acl").data == []
    assert ann.ask("GET", "/nodes/pve/lxc/100/config").status == 403


def test_roles_are_made_and_changed(node) -> None:
    assert node.ask("POST", "/access/roles", roleid="Look", privs="VM.Audit").data is None
    node.ask("PUT", "/access/roles/Look", privs="Sys.Audit", append=1)
    assert node.ask("GET", "/access/roles/Look").data == {"Sys.Audit": 1, "VM.Audit": 1}
    assert node.ask("DELETE", "/access/roles/PVEAdmin").reason == (
        "auto-generated role 'PVEAdmin' cannot be deleted"
    )
    assert node.ask("PUT", "/access/roles/Look", privs="VM.Fly").reason == (
        "invalid privilege 'VM.Fly'"
    )
