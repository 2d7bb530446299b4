from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homelab.lab.state import accounts
from homelab.lab.state.accounts import Accounts, Group, Role, Rule, Token, User
from homelab.lab.state.database import State
from homelab.lab.state.typed import load


def test_records_are_read_by_the_next_server_as_they_were_kept(tmp_path) -> None:
    rule = Rule(path="/vms", kind="token", ugid="ann@pve!ci", role="Look", propagate=False)
    with closing(State(tmp_path / "lab.db")) as state, state.transaction() as transaction:
        accounts.put(transaction, "ann@pve", User(groups=("ops", "dev"), expire=5))
        accounts.put(transaction, "ann@pve!ci", Token(privsep=False, comment="ci"))
        accounts.put(transaction, "ops", Group(comment="on call"))
        accounts.put(transaction, "Look", Role(privs=("VM.Audit",)))
        accounts.put(transaction, rule.key, rule)
    with closing(State(tmp_path / "lab.db")) as again:
        assert Accounts.read(again) == Accounts(
            users={"ann@pve": User(groups=("ops", "dev"), expire=5)},
            tokens={"ann@pve!ci": Token(privsep=False, comment="ci")},
            groups={"ops": Group(comment="on call")},
            roles={"Look": Role(privs=("VM.Audit",))},
            rules=(rule,),
        )


def test_a_record_that_is_there_once_can_be_removed_once(tmp_path) -> None:
    with closing(State(tmp_path / "lab.db")) as state, state.transaction() as transaction:
        accounts.put(transaction, "ops", Group())
        accounts.put(transaction, "ops", Group(comment="again"))
        assert not accounts.remove(transaction, "ops", Role)
        assert accounts.remove(transaction, "ops", Group)
        assert not accounts.remove(transaction, "ops", Group)


def test_rules_are_found_by_their_path() -> None:
    one = Rule(path="/", kind="user", ugid="ann@pve", role="PVEAuditor")
    two = Rule(path="/vms", kind="user", ugid="ann@pve", role="PVEVMUser")
    three = Rule(path="/", kind="group", ugid="ops", role="NoAccess")
    known = Accounts(rules=(one, two, three))
    assert known.rules_by_path == {"/": (one, three), "/vms": (two,)}


def test_a_field_of_a_newer_lab_is_no_obstacle() -> None:
    assert load(Group, {"comment": "x", "colour": "red"}) == Group(comment="x")


@settings(max_examples=5, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_a_password_matches_itself_alone(password: str, other: str) -> None:
    kept = accounts.hashed_password(password)
    assert accounts.password_matches(password, kept)
    assert accounts.password_matches(other, kept) is (other == password)
    assert accounts.hashed_password(password) != kept  # each has a salt of its own


@pytest.mark.parametrize("kept", ["", "no separator", "$", "salt$"])
def test_what_is_no_hash_matches_nothing(kept: str) -> None:
    assert not accounts.password_matches("", kept)


def test_secrets_do_not_show() -> None:
    shown = f"{User(secret='aaa')} {Token(secret='bbb')}"
    assert "aaa" not in shown
    assert "bbb" not in shown
