from __future__ import annotations

import pytest

_F = "/cluster/firewall"


def _rules(node) -> list[str]:
    return [rule["comment"] for rule in node.ask("GET", f"{_F}/rules").data]


@pytest.mark.parametrize(
    ("moved", "to", "order"),
    [
        (0, 0, "abc"),
        (0, 1, "abc"),
        (0, 2, "bac"),
        (0, 3, "bca"),
        (0, 9, "bca"),
        (2, 0, "cab"),
        (2, 1, "acb"),
        (1, 2, "abc"),
        (1, 3, "acb"),
    ],
)
def test_a_rule_is_moved_before_the_one_at_that_position(node, moved, to, order) -> None:
    """Positions are those of the list as it was (PVE/API2/Firewall/Rules.pm, update_rule)."""
    for comment in "cba":
        node.ask("POST", f"{_F}/rules", type="in", action="ACCEPT", comment=comment)
    assert node.ask("PUT", f"{_F}/rules/{moved}", moveto=to).data is None
    assert "".join(_rules(node)) == order


def test_a_set_does_not_take_the_name_of_another(node) -> None:
    """What is in the other would be lost (PVE/API2/Firewall/IPSet.pm, create_ipset)."""
    for name in ("admins", "guests"):
        node.ask("POST", f"{_F}/ipset", name=name)
    node.ask("POST", f"{_F}/ipset/guests", cidr="10.10.0.9")
    answer = node.ask("POST", f"{_F}/ipset", name="guests", rename="admins")
    assert (answer.status, list(answer.errors)) == (400, ["name"])
    assert [row["cidr"] for row in node.ask("GET", f"{_F}/ipset/guests").data] == ["10.10.0.9"]


def test_a_set_is_renamed_with_what_is_in_it_and_gets_another_comment(node) -> None:
    node.ask("POST", f"{_F}/ipset", name="admins", comment="us")
    node.ask("POST", f"{_F}/ipset/admins", cidr="10.10.0.9")
    assert node.ask("POST", f"{_F}/ipset", name="ops", rename="admins").data is None
    assert node.ask("POST", f"{_F}/ipset", name="ops", rename="ops", comment="all").data is None
    (found,) = node.ask("GET", f"{_F}/ipset").data
    assert (found["name"], found["comment"]) == ("ops", "all")
    assert len(node.ask("GET", f"{_F}/ipset/ops").data) == 1
    answer = node.ask("POST", f"{_F}/ipset", name="x1", rename="none")
    assert answer.errors == {"rename": "IPSet 'none' does not exist"}


def test_an_alias_does_not_take_the_name_of_another(node) -> None:
    for name in ("lan", "dmz"):
        node.ask("POST", f"{_F}/aliases", name=name, cidr="10.10.0.0/24")
    answer = node.ask("PUT", f"{_F}/aliases/lan", cidr="10.0.0.0/8", rename="dmz")
    assert answer.errors == {"rename": "alias 'dmz' already exists"}
    assert node.ask("PUT", f"{_F}/aliases/none", cidr="10.0.0.0/8").errors == {
        "name": "no such alias 'none'"
    }
    assert node.ask("GET", f"{_F}/aliases/lan").data["cidr"] == "10.10.0.0/24"


def test_an_entry_of_a_set_is_changed_and_is_there_once(node) -> None:
    node.ask("POST", f"{_F}/ipset", name="admins")
    node.ask("POST", f"{_F}/ipset/admins", cidr="fd00::/8", comment="old")
    answer = node.ask("POST", f"{_F}/ipset/admins", cidr="fd00::/8")
    assert answer.errors == {"cidr": "address 'fd00::/8' already exists"}
    assert node.ask("PUT", f"{_F}/ipset/admins/fd00::/8", nomatch=1).data is None
    assert node.ask("GET", f"{_F}/ipset/admins/fd00::/8").data == {"cidr": "fd00::/8", "nomatch": 1}
    assert node.ask("PUT", f"{_F}/ipset/admins/fd01::/8").errors == {
        "cidr": "no such IP 'fd01::/8'"
    }


def test_guests_may_refer_to_what_the_cluster_has(node) -> None:
    node.create()
    guest = "/nodes/pve/lxc/100/firewall"
    node.ask("POST", f"{_F}/ipset", name="admins")
    node.ask("POST", f"{guest}/ipset", name="own")
    refs = node.ask("GET", f"{guest}/refs").data
    assert [row["ref"] for row in refs] == ["+dc/admins", "+guest/own"]
    assert [row["ref"] for row in node.ask("GET", f"{_F}/refs").data] == ["+dc/admins"]


def test_nothing_is_filtered_and_the_log_says_so(node) -> None:
    node.create()
    assert node.ask("GET", "/nodes/pve/lxc/100/firewall/log").data == [{"n": 1, "t": "no content"}]
    assert node.ask("PUT", f"{_F}/options", delete="color").errors == {
        "delete": "unknown option 'color'"
    }
