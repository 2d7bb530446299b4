from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.lab.access.delegation import (
    check_root,
    groups_with,
    is_known_path,
    may_handle_user,
    may_modify,
    normal_path,
)
from homelab.lab.access.tickets import ROOT, Caller
from homelab.lab.failures import ApiFailureError
from homelab.lab.state import accounts
from homelab.lab.state.accounts import Group, Role, Rule, User

ANN, BOB = "ann@pve", "bob@pve"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/vms/100", "/vms/100"),
        ("vms//100/", "/vms/100"),
        ("///", "/"),
        ("", None),
        ("/vms/\uff11\uff10\uff10", None),
        ("/vms/100\n", None),
        ("/pool/a b", None),
    ],
)
def test_a_path_has_one_form(text, path) -> None:
    assert normal_path(text) == path


@given(st.text(alphabet="/abc.-_ \xe9\n0", max_size=12))
def test_the_form_of_a_path_is_its_own(text) -> None:
    path = normal_path(text)
    if path is not None:
        assert normal_path(path) == path
        assert "//" not in path


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/access", "/access/groups/ops", "/access/realm/pve", "/nodes/pve", "/pool/a/b/c"),
        *("/vms", "/vms/100", "/storage/local-zfs", "/mapping/pci/gpu", "/sdn"),
        *("/sdn/zones/localnetwork/vmbr0", "/sdn/zones/localnetwork/vmbr0/4094", "/sdn/dns/a"),
    ],
)
def test_rules_may_stand_there(path) -> None:
    assert is_known_path(path)


@pytest.mark.parametrize(
    "path",
    [
        *("/vms/0100", "/vms/99", "/vms/100/config", "/access/users/ann", "/pool/a/b/c/d"),
        *("/sdn/zones/z/vmbr0/0", "/sdn/zones/z/vmbr0/05", "/here", "/nodes/pve/lxc"),
    ],
)
def test_rules_may_not_stand_there(path) -> None:
    assert not is_known_path(path)


@pytest.fixture
def access(node):
    """Bob is in a group; Ann is nobody yet."""
    access = node.context.access
    with access.change() as transaction:
        accounts.put(transaction, ANN, User())
        accounts.put(transaction, BOB, User(groups=("ops",)))
        for name in ("ops", "dev"):
            accounts.put(transaction, name, Group())
    return access


def _give(access, path: str, name: str) -> Caller:
    rule = Rule(path=path, kind="user", ugid=ANN, role=name)
    with access.change() as transaction:
        accounts.put(transaction, name, Role(privs=(name,)))
        accounts.put(transaction, rule.key, rule)
    return Caller(user=ANN)


@pytest.mark.parametrize(
    ("path", "name", "may"),
    [
        ("/vms/100", "VM.Allocate", True),
        ("/vms", "VM.Allocate", False),
        ("/vms/100", "Pool.Allocate", False),
        ("/storage/local", "Datastore.Allocate", True),
        ("/pool/p", "Pool.Allocate", True),
        ("/nodes/pve", "Permissions.Modify", True),
        ("/nodes/pve", "Sys.Modify", False),
    ],
)
def test_who_may_hand_out_rights(access, path, name, may) -> None:
    assert may_modify(access, _give(access, path, name), path) is may


def test_a_user_is_handled_through_its_groups(access) -> None:
    ann = _give(access, "/access/groups/ops", "User.Modify")
    wanted = ("User.Modify",)
    assert groups_with(access, ann, *wanted) == {"ops"}
    assert may_handle_user(access, ann, BOB, wanted)
    assert not may_handle_user(access, ann, ANN, wanted)
    assert not may_handle_user(access, ann, "nobody@pve", wanted)
    assert may_handle_user(access, ann, BOB, wanted, groups=("ops",))
    assert not may_handle_user(access, ann, BOB, wanted, groups=("ops", "dev"))
    assert not may_handle_user(access, ann, BOB, wanted, groups=())
    assert may_handle_user(access, ann, "new@pve", wanted, groups=("ops",), exists=False)
    assert may_handle_user(access, _give(access, "/access/groups", wanted[0]), ANN, wanted)


def test_root_is_roots() -> None:
    check_root(Caller(user=ROOT, tokenid="ci"), ROOT)
    check_root(Caller(user=ANN), BOB)
    with pytest.raises(ApiFailureError, match="only root@pam may modify root@pam"):
        check_root(Caller(user=ANN), ROOT)
