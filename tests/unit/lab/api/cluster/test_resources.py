from __future__ import annotations


def test_resources_of_every_kind(node) -> None:
    node.ask("POST", "/pools", poolid="media")
    node.create(hostname="web", pool="media", tags="b,a", start=1)
    (row,) = node.ask("GET", "/cluster/resources", type="vm").data
    assert row["id"] == "lxc/100"
    assert row["vmid"] == 100
    assert (row["name"], row["status"], row["pool"], row["tags"]) == (
        "web",
        "running",
        "media",
        "a;b",
    )
    assert row["template"] == 0
    kinds = [row["type"] for row in node.ask("GET", "/cluster/resources").data]
    assert kinds == ["lxc", "pool", "node", "storage", "storage", "storage"]
    assert node.ask("GET", "/cluster/resources", type="pig").status == 400
