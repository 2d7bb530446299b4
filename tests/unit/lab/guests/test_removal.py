from __future__ import annotations

from failing_runtime import FailingRuntime

L = "/nodes/pve/lxc/100"


def test_destroy_takes_volumes_and_pool_membership_along(node) -> None:
    node.ask("POST", "/pools", poolid="media")
    node.create(pool="media", mp0="local-zfs:1,mp=/data", start=1)
    assert node.wait(node.ask("DELETE", L, force=1).data)["exitstatus"] == "OK"
    answer = node.ask("GET", f"{L}/config")
    assert (answer.status, answer.reason) == (
        500,
        "Configuration file 'nodes/pve/lxc/100.conf' does not exist",
    )
    assert node.ask("GET", "/pools/media").data["members"] == []
    assert node.ask("GET", "/nodes/pve/storage/local-zfs/content").data == []
    assert node.ask("GET", "/cluster/nextid").data == "100"


def test_a_removal_that_fails_can_be_repeated(open_node, tmp_path) -> None:
    runtime = FailingRuntime(tmp_path)
    runtime.full = False
    node = open_node(runtime)
    node.create()
    runtime.stuck = True
    assert node.wait(node.ask("DELETE", L).data)["exitstatus"] == "can't unlink"
    runtime.stuck = False
    assert node.wait(node.ask("DELETE", L).data)["exitstatus"] == "OK"
