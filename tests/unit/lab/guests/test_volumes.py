from __future__ import annotations

from failing_runtime import FailingRuntime

L = "/nodes/pve/lxc/100"


def test_a_removed_mount_point_becomes_unused_and_can_be_mounted_again(node) -> None:
    node.create(mp0="local-zfs:1,mp=/data")
    node.ask("PUT", f"{L}/config", delete="mp0")
    assert node.config()["unused0"] == "local-zfs:subvol-100-disk-1"
    answer = node.ask("PUT", f"{L}/config", mp1="local-zfs:subvol-100-disk-1,mp=/again")
    assert answer.data is None
    config = node.config()
    assert config["mp1"] == "local-zfs:subvol-100-disk-1,mp=/again,size=1G"
    assert "unused0" not in config
    node.ask("PUT", f"{L}/config", delete="mp1")
    node.ask("PUT", f"{L}/config", delete="unused0")
    content = node.ask("GET", "/nodes/pve/storage/local-zfs/content").data
    assert [row["volid"] for row in content] == ["local-zfs:subvol-100-disk-0"]


def test_a_change_that_the_runtime_refuses_changes_nothing(open_node, tmp_path) -> None:
    runtime = FailingRuntime(tmp_path)
    runtime.full = False
    node = open_node(runtime)
    node.create()
    before = node.config()
    runtime.full = True
    answer = node.ask("PUT", f"{L}/config", mp0="local-zfs:1,mp=/data")
    assert (answer.status, answer.reason) == (500, "no space left on device")
    assert node.config() == before
