from __future__ import annotations

import pytest

from homelab.lab.access.tickets import ROOT, Caller
from homelab.lab.api.rights import (
    AllOf,
    AnyOf,
    Inside,
    Modify,
    OnUser,
    Privilege,
    Rows,
    ThatUser,
    asked_first,
    holds,
    values_of,
    variables,
)
from homelab.lab.state import accounts
from homelab.lab.state.accounts import Role, Rule, User
from homelab.pve.schema import Arguments

ANN = "ann@pve"
_AUDIT, _START = Privilege("/vms/{vmid}", "VM.Audit"), Privilege("/vms/{vmid}", "VM.PowerMgmt")
_POOL = Privilege("/pool/{pool}", "VM.Audit")


@pytest.fixture
def access(node):
    """Ann may look at the guest 100."""
    access = node.context.access
    rule = Rule(path="/vms/100", kind="user", ugid=ANN, role="Look")
    with access.change() as transaction:
        accounts.put(transaction, ANN, User())
        accounts.put(transaction, "Look", Role(privs=("VM.Audit",)))
        accounts.put(transaction, rule.key, rule)
    return access


@pytest.mark.parametrize(
    ("right", "held"),
    [
        (_AUDIT, True),
        (_START, False),
        (Privilege("/vms/{vmid}", "VM.PowerMgmt", ("VM.Audit",)), True),
        (AllOf((_AUDIT, _START)), False),
        (AnyOf((_START, _AUDIT)), True),
        (AnyOf((_POOL, _AUDIT)), True),
        (AnyOf((_POOL, _START)), False),
        (Modify("/vms/{vmid}"), False),
        (ThatUser(), True),
        (OnUser(("User.Modify",)), False),
    ],
)
def test_rights_are_put_together(access, right, held) -> None:
    """A part that names what is not given is none."""
    values = {"vmid": "100", "userid": ANN}
    assert holds(access, Caller(user=ANN), right, values) is held
    assert holds(access, Caller(user=ROOT), right, values)


def test_a_token_is_not_its_user(access) -> None:
    assert not holds(access, Caller(user=ANN, tokenid="ci"), ThatUser(), {"userid": ANN})


def test_what_is_asked_first_is_what_needs_no_handler() -> None:
    assert asked_first(_AUDIT) is _AUDIT
    assert asked_first(Inside(_START, first=_AUDIT)) is _AUDIT
    assert Inside(_START, first=_AUDIT).whole == AllOf((_AUDIT, _START))
    assert (asked_first(Inside(_AUDIT)), asked_first(Rows(_AUDIT))) == (None, None)
    assert (asked_first("user"), asked_first("world")) == (None, None)


def test_what_decides_is_what_handlers_see() -> None:
    values = values_of(Arguments({"node": "localhost", "vmid": 100, "userid": ANN}), home="pve")
    assert values == {"node": "pve", "vmid": "100", "userid": ANN, "realm": "pve"}
    assert variables(AllOf((_AUDIT, OnUser((), groups=True)))) == {"vmid", "userid", "groups"}


@pytest.mark.parametrize(
    ("right", "text"),
    [
        (AnyOf((_AUDIT, _POOL)), "/vms/{vmid}, VM.Audit or /pool/{pool}, VM.Audit"),
        (
            AllOf((_START, AnyOf((_AUDIT, _POOL)))),
            "/vms/{vmid}, VM.PowerMgmt and (/vms/{vmid}, VM.Audit or /pool/{pool}, VM.Audit)",
        ),
        (Rows(_AUDIT), "for each row: /vms/{vmid}, VM.Audit"),
    ],
)
def test_a_right_is_told_in_one_line(right, text) -> None:
    assert str(right) == text
