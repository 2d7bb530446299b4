from __future__ import annotations

L = "/nodes/pve/lxc/100"


S = f"{L}/snapshot"


def _do(node, method: str, path: str, **parameters: object) -> str:
    """Run a task and return how it ended."""
    return str(node.wait(node.ask(method, path, **parameters).data)["exitstatus"])


def _names(node) -> list[str]:
    return [row["name"] for row in node.ask("GET", f"{S}/").data]


def test_only_the_newest_snapshot_of_a_zfs_volume_can_be_gone_back_to(node) -> None:
    node.create()
    for name in ("one", "two"):
        _do(node, "POST", S, snapname=name)
    assert _do(node, "POST", f"{S}/one/rollback") == (
        "can't rollback, 'one' is not most recent snapshot on 'subvol-100-disk-0'"
    )
    assert _do(node, "DELETE", f"{S}/two") == "OK"
    assert _do(node, "POST", f"{S}/one/rollback") == "OK"


def test_descent_is_mended_when_one_in_the_middle_goes(node) -> None:
    node.create()
    for name in ("one", "two", "three"):
        _do(node, "POST", S, snapname=name)
    assert _do(node, "DELETE", f"{S}/two") == "OK"
    parents = {row["name"]: row.get("parent") for row in node.ask("GET", S).data}
    assert parents == {"one": None, "three": "one", "current": "three"}


def test_a_volume_that_a_snapshot_needs_stays(node) -> None:
    node.create(mp0="local-zfs:1,mp=/data")
    _do(node, "POST", S, snapname="one")
    node.ask("PUT", f"{L}/config", delete="mp0")
    answer = node.ask("PUT", f"{L}/config", delete="unused0")
    assert answer.reason == (
        "unable to delete 'local-zfs:subvol-100-disk-1' - volume is still in use (snapshot?)"
    )
    assert _do(node, "POST", f"{S}/one/rollback") == "OK"
    assert node.config()["mp0"].startswith("local-zfs:subvol-100-disk-1,mp=/data")
    assert "unused0" not in node.config()


def test_what_came_after_the_snapshot_becomes_unused(node) -> None:
    node.create()
    _do(node, "POST", S, snapname="one")
    node.ask("PUT", f"{L}/config", mp0="local-zfs:1,mp=/data")
    assert _do(node, "POST", f"{S}/one/rollback") == "OK"
    assert node.config()["unused0"] == "local-zfs:subvol-100-disk-1"
    assert "mp0" not in node.config()


def test_nothing_is_left_of_a_destroyed_guest_with_snapshots(node) -> None:
    node.create(mp0="local-zfs:1,mp=/data")
    _do(node, "POST", S, snapname="one")
    assert _do(node, "DELETE", L) == "OK"
    assert node.runtime.volumes.all() == ()
    node.create()
    assert _names(node) == ["current"]
