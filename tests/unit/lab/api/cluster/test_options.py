from __future__ import annotations

import pytest

from homelab.pve.release import Release


def test_options_are_kept_and_taken_back(node) -> None:
    assert node.ask("GET", "/cluster/options").data == {"allowed-tags": [], "keyboard": "en-us"}
    for name, value in (("keyboard", "de"), ("console", "html5")):
        assert node.ask("PUT", "/cluster/options", **{name: value}).data is None
    assert node.ask("GET", "/cluster/options").data["console"] == "html5"
    assert node.ask("PUT", "/cluster/options", delete="keyboard").data is None
    assert node.ask("GET", "/cluster/options").data["keyboard"] == "en-us"


def test_an_unknown_option_can_not_be_taken_back(node) -> None:
    answer = node.ask("PUT", "/cluster/options", delete="color")
    assert (answer.status, answer.errors) == (400, {"delete": "unknown option 'color'"})
    assert node.ask("PUT", "/cluster/options", console="pigeon").status == 400


def test_the_log_has_a_line_for_each_task(node) -> None:
    first, second = node.create(100)["upid"], node.create(101)["upid"]
    rows = node.ask("GET", "/cluster/log").data
    assert [row["msg"] for row in rows] == [f"starting task {second}", f"starting task {first}"]
    assert {row["user"] for row in rows} == {"root@pam"}
    assert len(node.ask("GET", "/cluster/log", max=1).data) == 1


@pytest.mark.parametrize(
    ("release", "groups", "rules"),
    [("8", (200, "OK"), 501), ("9", (500, "cannot index groups: ha groups have"), 200)],
)
def test_groups_of_high_availability_became_rules_in_pve_9(
    open_node, release, groups, rules
) -> None:
    node = open_node(release=Release.parse(release))
    answer = node.ask("GET", "/cluster/ha/groups")
    assert answer.status == groups[0]
    assert answer.reason.startswith(groups[1])
    assert node.ask("GET", "/cluster/ha/rules").status == rules


def test_there_is_no_replication(node) -> None:
    assert node.ask("GET", "/cluster/replication").data == []
    answer = node.ask("GET", "/cluster/replication/100-0")
    assert (answer.status, answer.reason) == (500, "no such replication job '100-0'")
