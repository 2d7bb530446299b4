from __future__ import annotations

import pytest

from homelab.lab.failures import ApiFailureError
from homelab.lab.state import firewall
from homelab.lab.state.firewall import Firewall


def test_a_change_is_kept_when_its_block_ends_well(state) -> None:
    scope = firewall.guest_scope(100)
    with firewall.changing(state, scope) as found:
        found.rules.append({"action": "ACCEPT"})
        found.options["enable"] = 1
    assert firewall.read(state, scope) == Firewall(
        rules=[{"action": "ACCEPT"}], options={"enable": 1}
    )

    def fail() -> None:
        with firewall.changing(state, scope) as found:
            found.rules.clear()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(firewall.read(state, scope).rules) == 1


def test_places_are_apart_and_groups_are_found_by_name(state) -> None:
    for scope in (firewall.CLUSTER, firewall.node_scope("web"), firewall.group_scope("web")):
        with firewall.changing(state, scope) as found:
            found.comment = scope
    assert {name: found.comment for name, found in firewall.groups(state).items()} == {
        "web": "group/web"
    }
    with state.transaction() as transaction:
        firewall.remove(transaction, firewall.group_scope("web"))
    assert firewall.groups(state) == {}
    assert firewall.read(state, firewall.node_scope("web")).comment == "node/web"


def test_a_place_where_nothing_was_set_is_empty(state) -> None:
    assert firewall.read(state, firewall.guest_scope(999)) == Firewall()


def test_a_digest_follows_what_it_stands_for() -> None:
    rules = [{"action": "ACCEPT", "type": "in"}]
    digest = firewall.digest_of(rules)
    firewall.check_digest([{"type": "in", "action": "ACCEPT"}], digest)
    firewall.check_digest(rules, "")  # none was given
    with pytest.raises(ApiFailureError, match="detected modified configuration"):
        firewall.check_digest([*rules, {"action": "DROP"}], digest)


def test_rules_are_shown_with_their_positions() -> None:
    rules = [{"action": "ACCEPT"}, {"action": "DROP"}]
    shown = firewall.shown_rules(rules)
    assert [(rule["pos"], rule["action"]) for rule in shown] == [(0, "ACCEPT"), (1, "DROP")]
    assert {rule["digest"] for rule in shown} == {firewall.digest_of(rules)}
    assert rules[0] == {"action": "ACCEPT"}
    with pytest.raises(ApiFailureError, match="no rule at position 2"):
        firewall.rule_at(rules, 2)
