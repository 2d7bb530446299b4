from __future__ import annotations

import pytest

L = "/nodes/pve/lxc/100"


def _do(node, method: str, path: str, **parameters: object) -> str:
    return str(node.wait(node.ask(method, path, **parameters).data)["exitstatus"])


@pytest.fixture
def cluster(open_node):
    return open_node(nodes=("pve", "pve2", "pve3"))


def test_a_guest_is_on_one_node(cluster) -> None:
    cluster.create()
    answer = cluster.ask("GET", "/nodes/pve2/lxc/100/config")
    assert answer.reason == "Configuration file 'nodes/pve2/lxc/100.conf' does not exist"
    assert cluster.ask("GET", "/nodes/pve2/lxc").data == []
    again = cluster.ask(
        "POST",
        "/nodes/pve2/lxc",
        vmid=100,
        ostemplate="local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst",
        rootfs="local-zfs:1",
    )
    assert again.status == 500
    assert "CT 100 already exists on node" in again.reason


def test_moving_a_guest_to_another_node(cluster) -> None:
    cluster.create(start=1)
    check = cluster.ask("GET", f"{L}/migrate").data
    assert (check["running"], check["allowed-nodes"]) == (1, ["pve2", "pve3"])
    assert "dependent-ha-resources" not in check  # of guests that are highly available only
    answer = cluster.ask("POST", f"{L}/migrate", target="pve2")
    assert answer.reason == "can't migrate running container without --online or --restart"
    assert cluster.ask("POST", f"{L}/migrate", target="pve").errors == {
        "target": "target is local node."
    }
    assert cluster.ask("POST", f"{L}/migrate", target="no").reason == "no such cluster node 'no'"
    assert _do(cluster, "POST", f"{L}/migrate", target="pve2", restart=1) == "OK"
    assert cluster.ask("GET", f"{L}/config").status == 500
    status = cluster.ask("GET", "/nodes/pve2/lxc/100/status/current").data
    assert (status["status"], "lock" in status) == ("running", False)
    (row,) = cluster.ask("GET", "/cluster/resources", type="vm").data
    assert row["node"] == "pve2"
