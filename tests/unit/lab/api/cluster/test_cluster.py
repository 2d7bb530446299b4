from __future__ import annotations

import pytest


def test_next_id_is_a_string(node) -> None:
    node.create(100)
    node.create(102)
    assert node.ask("GET", "/cluster/nextid").data == "101"
    assert node.ask("GET", "/cluster/nextid", vmid=150).data == "150"
    answer = node.ask("GET", "/cluster/nextid", vmid=100)
    assert (answer.status, answer.errors) == (400, {"vmid": "VM 100 already exists"})


def test_there_is_no_high_availability(node) -> None:
    for sid in ("100", "ct:100"):
        answer = node.ask("GET", f"/cluster/ha/resources/{sid}")
        assert (answer.status, answer.reason) == (500, "no such resource 'ct:100'")


def test_the_exporters_questions(node) -> None:
    node.create(hostname="web")
    (status,) = node.ask("GET", "/cluster/status").data
    assert (status["type"], status["name"], status["local"]) == ("node", "pve", 1)
    assert node.ask("GET", "/cluster/backup-info/not-backed-up").data == [
        {"vmid": 100, "name": "web", "type": "lxc"}
    ]
    assert node.ask("GET", "/nodes/pve/subscription").data["status"] == "notfound"
    assert node.ask("GET", "/nodes/pve/qemu").data == []
    assert node.ask("GET", "/nodes/pve/replication").data == []


@pytest.fixture
def cluster(open_node):
    return open_node(nodes=("pve", "pve2", "pve3"))


def test_the_cluster_shows_its_nodes(cluster) -> None:
    rows = cluster.ask("GET", "/cluster/status").data
    assert [(row["type"], row["name"]) for row in rows] == [
        ("cluster", "homelab"),
        ("node", "pve"),
        ("node", "pve2"),
        ("node", "pve3"),
    ]
    assert [row["local"] for row in rows[1:]] == [1, 0, 0]
    assert "getaddrinfo" not in cluster.ask("GET", "/nodes/other/status").reason
