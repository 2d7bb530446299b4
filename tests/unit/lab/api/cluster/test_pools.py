from __future__ import annotations


def test_pools_in_both_forms_of_url(node) -> None:
    assert node.ask("POST", "/pools", poolid="media", comment="films").data is None
    assert node.ask("POST", "/pools", poolid="media").reason.endswith("'media' already exists")
    node.create(100)
    node.create(101)
    assert node.ask("PUT", "/pools/media", vms="100", comment="more").data is None
    assert node.ask("PUT", "/pools", poolid="media", vms="101", storage="local").data is None
    pool = node.ask("GET", "/pools/media").data
    assert pool["comment"] == "more"
    assert [member["id"] for member in pool["members"]] == [
        "lxc/100",
        "lxc/101",
        "storage/pve/local",
    ]
    (same,) = node.ask("GET", "/pools", poolid="media").data
    assert same["members"] == pool["members"]
    assert node.ask("DELETE", "/pools/media").reason.endswith("'media' is not empty")
    node.ask("PUT", "/pools/media", vms="100,101", storage="local", delete=1)
    assert node.ask("DELETE", "/pools", poolid="media").data is None
    assert node.ask("GET", "/pools/media").reason == "pool 'media' does not exist"


def test_a_guest_is_in_one_pool(node) -> None:
    node.ask("POST", "/pools", poolid="a")
    node.ask("POST", "/pools", poolid="b")
    node.create(100, pool="a")
    answer = node.ask("PUT", "/pools/b", vms="100")
    assert "belongs already to pool 'a' and 'allow-move' is not set" in answer.reason
    assert node.ask("PUT", "/pools/b", **{"vms": "100", "allow-move": 1}).status == 200
    assert node.ask("GET", "/pools/a").data["members"] == []
    assert node.ask("PUT", "/pools/a", vms="999").status == 500
    assert node.ask("PUT", "/pools/a", vms="x").status == 400
    assert node.ask("PUT", "/pools/a", vms="100", delete=1).status == 500
    assert node.ask("PUT", "/pools/a", storage="nas").status == 500
    assert node.ask("PUT", "/pools/a", storage="local", delete=1).status == 500


def test_a_failed_change_of_a_pool_changes_nothing(node) -> None:
    node.ask("POST", "/pools", poolid="a", comment="old")
    node.create(100)
    assert node.ask("PUT", "/pools/a", comment="new", vms="100,999").status == 500
    assert node.ask("GET", "/pools/a").data == {"comment": "old", "members": []}
