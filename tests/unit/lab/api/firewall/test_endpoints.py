from __future__ import annotations

import pytest

GUEST = "/nodes/pve/lxc/100/firewall"


@pytest.fixture(params=["/cluster/firewall", "/nodes/pve/firewall", GUEST])
def place(node, request) -> str:
    node.create()
    return str(request.param)


def test_a_new_rule_goes_to_the_top_and_is_off(node, place) -> None:
    for comment in ("first", "second"):
        added = node.ask(
            "POST", f"{place}/rules", type="in", action="ACCEPT", comment=comment, pos=5, dport="22"
        )
        assert added.data is None
    rules = node.ask("GET", f"{place}/rules").data
    assert [(rule["pos"], rule["comment"], rule["enable"]) for rule in rules] == [
        (0, "second", 0),
        (1, "first", 0),
    ]
    assert len({rule["digest"] for rule in rules}) == 1
    node.ask("PUT", f"{place}/rules/1", enable=1, delete="dport")
    rule = node.ask("GET", f"{place}/rules/1").data
    assert (rule["enable"], "dport" in rule) == (1, False)
    node.ask("PUT", f"{place}/rules/1", moveto=0)
    assert node.ask("GET", f"{place}/rules/0").data["comment"] == "first"
    assert node.ask("DELETE", f"{place}/rules/0").data is None
    answer = node.ask("DELETE", f"{place}/rules/7")
    assert (answer.status, answer.reason) == (500, "no rule at position 7")


def test_a_change_from_an_older_list_is_refused(node, place) -> None:
    node.ask("POST", f"{place}/rules", type="in", action="DROP")
    old = node.ask("GET", f"{place}/rules").data[0]["digest"]
    node.ask("POST", f"{place}/rules", type="in", action="ACCEPT")
    answer = node.ask("PUT", f"{place}/rules/0", enable=1, digest=old)
    assert answer.reason.startswith("detected modified configuration")


def test_options_are_kept_by_place(node, place) -> None:
    assert node.ask("PUT", f"{place}/options", enable=1).data is None
    assert node.ask("GET", f"{place}/options").data["enable"] == 1
    node.ask("PUT", f"{place}/options", delete="enable")
    assert "enable" not in node.ask("GET", f"{place}/options").data


@pytest.mark.parametrize("where", ["/cluster/firewall", GUEST])
def test_aliases_and_sets(node, where) -> None:
    node.create()
    node.ask("POST", f"{where}/aliases", name="lan", cidr="10.10.0.0/24", comment="home")
    assert node.ask("POST", f"{where}/aliases", name="lan", cidr="10.0.0.0/8").status == 400
    node.ask("PUT", f"{where}/aliases/lan", cidr="10.10.0.0/16", rename="LAN")
    (alias,) = node.ask("GET", f"{where}/aliases").data
    assert (alias["name"], alias["cidr"], alias["ipversion"]) == ("LAN", "10.10.0.0/16", 4)
    node.ask("POST", f"{where}/ipset", name="admins")
    node.ask("POST", f"{where}/ipset/admins", cidr="10.10.0.9/32", nomatch=1)
    assert node.ask("POST", f"{where}/ipset/admins", cidr="10.10.0.999").status == 400
    (entry,) = node.ask("GET", f"{where}/ipset/admins").data
    assert (entry["cidr"], entry["nomatch"]) == ("10.10.0.9/32", 1)
    assert node.ask("GET", f"{where}/ipset/admins/10.10.0.9/32").data["nomatch"] == 1
    assert node.ask("DELETE", f"{where}/ipset/admins").reason == "IPSet 'admins' is not empty"
    node.ask("DELETE", f"{where}/ipset/admins/10.10.0.9/32")
    assert node.ask("DELETE", f"{where}/ipset/admins").data is None
    refs = node.ask("GET", f"{where}/refs", type="alias").data
    assert [row["name"] for row in refs] == ["LAN"]


def test_security_groups(node) -> None:
    base = "/cluster/firewall/groups"
    assert node.ask("POST", base, group="web", comment="pages").data is None
    node.ask("POST", f"{base}/web", type="in", action="ACCEPT", macro="HTTPS", enable=1)
    assert node.ask("GET", f"{base}/web/0").data["macro"] == "HTTPS"
    rule = node.ask("POST", "/cluster/firewall/rules", type="group", action="none")
    assert rule.errors == {"action": "no such security group 'none'"}
    assert node.ask("DELETE", f"{base}/web").reason == "Security group 'web' is not empty"
    node.ask("DELETE", f"{base}/web/0")
    assert node.ask("DELETE", f"{base}/web").data is None
    assert node.ask("GET", base).data == []


def test_a_guests_rules_follow_its_life(node) -> None:
    node.create()
    node.ask("POST", f"{GUEST}/rules", type="in", action="ACCEPT")
    node.wait(node.ask("POST", "/nodes/pve/lxc/100/clone", newid=101).data)
    assert len(node.ask("GET", "/nodes/pve/lxc/101/firewall/rules").data) == 1
    node.wait(node.ask("DELETE", "/nodes/pve/lxc/100").data)
    node.create()
    assert node.ask("GET", f"{GUEST}/rules").data == []
    assert node.ask("GET", "/nodes/pve/lxc/900/firewall/rules").status == 500
