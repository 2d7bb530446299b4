from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homelab.lab.access.acl import Access
from homelab.lab.access.tickets import Caller
from homelab.lab.state import accounts
from homelab.lab.state.accounts import Role, Rule, User
from homelab.lab.state.database import State
from homelab.pve.release import Release

ANN = "ann@pve"


@pytest.fixture
def ann(node):
    """Another user, asked as itself; without any right."""
    node.ask("POST", "/access/users", userid=ANN, password="long enough").data  # noqa: B018
    return node.log_in(ANN, "long enough")


def _allow(node, path: str, role: str, **who: object) -> None:
    who = who or {"users": ANN}
    assert node.ask("PUT", "/access/acl", path=path, roles=role, **who).data is None


def test_a_user_sees_only_what_it_may(node, ann) -> None:
    node.create(100)
    node.create(101)
    assert ann.ask("GET", "/cluster/resources").data == []
    answer = ann.ask("GET", "/nodes/pve/lxc/100/config")
    assert (answer.status, answer.reason) == (
        403,
        "Permission check failed (/vms/100, VM.Audit)",
    )
    _allow(node, "/vms/100", "PVEVMUser")
    assert [row["vmid"] for row in ann.ask("GET", "/cluster/resources").data] == [100]
    assert [row["vmid"] for row in ann.ask("GET", "/nodes/pve/lxc").data] == [100]
    assert ann.ask("POST", "/nodes/pve/lxc/100/status/start").status == 200
    assert ann.ask("DELETE", "/nodes/pve/lxc/100").reason == (
        "Permission check failed (/vms/100, VM.Allocate)"
    )


def test_a_deeper_rule_replaces_the_one_above(node, ann) -> None:
    node.create(100)
    _allow(node, "/vms", "PVEAuditor")
    _allow(node, "/vms/100", "NoAccess")
    assert ann.ask("GET", "/nodes/pve/lxc/100/config").status == 403
    assert ann.ask("GET", "/access/permissions", path="/vms/101").data["/vms/101"]["VM.Audit"] == 1


def test_a_pool_gives_rights_on_its_members(node, ann) -> None:
    node.ask("POST", "/pools", poolid="media")
    node.create(100, pool="media")
    _allow(node, "/pool/media", "PVEAuditor")
    assert ann.ask("GET", "/nodes/pve/lxc/100/config").status == 200


def test_a_separated_token_has_no_more_than_its_own_rules(node, ann) -> None:
    node.create(100)
    _allow(node, "/vms", "PVEVMAdmin")
    made = ann.ask("POST", f"/access/users/{ANN}/token/ci").data
    assert made["full-tokenid"] == f"{ANN}!ci"
    assert made["info"]["privsep"] == 1
    token = node.with_token(made["full-tokenid"], made["value"])
    assert token.ask("GET", "/nodes/pve/lxc/100/config").status == 403
    _allow(node, "/vms", "PVEAuditor", tokens=f"{ANN}!ci")
    assert token.ask("GET", "/nodes/pve/lxc/100/config").status == 200
    assert token.ask("POST", "/nodes/pve/lxc/100/status/start").status == 403
    assert ann.ask("DELETE", f"/access/users/{ANN}/token/ci").data is None
    assert token.ask("GET", "/version").status == 401


def test_pve_8_knows_vm_monitor(open_node) -> None:
    node = open_node(release=Release.parse("8"))
    assert node.ask("GET", "/version").data["release"] == "8.4"
    held = node.ask("GET", "/access/permissions", path="/").data["/"]
    assert "VM.Monitor" in held
    assert "VM.Replicate" not in held


_PATHS = st.sampled_from(["/", "/vms", "/vms/100", "/vms/101", "/storage", "/storage/local"])
_ROLES = st.sampled_from(["PVEAuditor", "PVEVMAdmin", "NoAccess", "Administrator"])


@settings(max_examples=25, deadline=None)
@given(rules=st.lists(st.tuples(_PATHS, _ROLES, st.booleans()), max_size=6), path=_PATHS)
def test_the_deepest_rule_above_a_path_decides(tmp_path_factory, rules, path) -> None:
    state = State(tmp_path_factory.mktemp("access") / "lab.db")
    try:
        access = Access(state)
        with access.change() as transaction:
            accounts.put(transaction, ANN, User())
            for place, role, propagate in rules:
                rule = Rule(path=place, kind="user", ugid=ANN, role=role, propagate=propagate)
                accounts.put(transaction, rule.key, rule)
        kept = {rule.key: rule for rule in access.accounts.rules}.values()
        levels = ["/", *(path[:n] for n in range(2, len(path) + 1) if path[n : n + 1] in {"", "/"})]
        expected: set[str] = set()
        for level in dict.fromkeys(levels):
            here = [r for r in kept if r.path == level and (r.propagate or level == path)]
            if here:
                names = {rule.role for rule in here}
                given_ = set().union(*(access.role(name) or () for name in names))
                expected = set() if "NoAccess" in names else given_
        assert set(access.privileges(ANN, path)) == expected
    finally:
        state.close()


def test_a_role_that_is_gone_gives_nothing(tmp_path) -> None:
    with closing(State(tmp_path / "lab.db")) as state:
        access = Access(state)
        with access.change() as transaction:
            accounts.put(transaction, "Look", Role(privs=("VM.Audit",)))
            accounts.put(transaction, ANN, User())
            rule = Rule(path="/", kind="user", ugid=ANN, role="Look")
            accounts.put(transaction, rule.key, rule)
        assert set(access.privileges(ANN, "/vms/100")) == {"VM.Audit"}
        with access.change() as transaction:
            accounts.remove(transaction, "Look", Role)
        assert set(access.privileges(ANN, "/vms/100")) == set()


def test_long_paths_are_not_remembered_and_what_is_alike_is_kept_once(node, ann) -> None:
    access = node.context.access
    caller = Caller(user=ANN)
    _allow(node, "/vms", "PVEVMUser")
    assert access.privileges(caller, f"/vms/{'1' * 1000}") == access.privileges(caller, "/vms/1")
    assert access.privileges(caller, "/vms/1") is access.privileges(caller, "/vms/2")
    assert {path for _, path in access._held[1]} >= {"/vms/1", "/vms/2"}
    assert max(len(path) for _, path in access._held[1]) <= 128


def test_a_user_makes_no_more_tokens_than_a_user_needs(node, ann) -> None:
    answers = [ann.ask("POST", f"/access/users/{ANN}/token/t{number}") for number in range(105)]
    assert [answer.status for answer in answers] == [200] * 100 + [500] * 5
    assert answers[-1].reason == "a user has 100 tokens at most"
    assert node.ask("POST", "/access/users/root@pam/token/other").status == 200
