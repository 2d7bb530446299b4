from __future__ import annotations

import pytest

L = "/nodes/pve/lxc/100"
S = f"{L}/snapshot"
ROOT = "local-zfs:subvol-100-disk-0"


def _do(node, method: str, path: str, **parameters: object) -> str:
    """Run a task and return how it ended."""
    return str(node.wait(node.ask(method, path, **parameters).data)["exitstatus"])


def _names(node) -> list[str]:
    return [row["name"] for row in node.ask("GET", f"{S}/").data]


def test_going_back_brings_content_and_configuration_back(node) -> None:
    node.create(cores=1, start=1)
    node.runtime.volumes.write(ROOT, "first")
    assert _do(node, "POST", S, snapname="before", description="two\nlines") == "OK"
    node.runtime.volumes.write(ROOT, "second")
    node.ask("PUT", f"{L}/config", cores=4)
    assert _do(node, "POST", f"{S}/before/rollback") == "OK"
    assert node.runtime.volumes.content(ROOT) == "first"
    assert node.config()["cores"] == 1
    assert node.config()["parent"] == "before"
    assert node.status()["status"] == "stopped"
    assert "lock" not in node.config()
    row, current = node.ask("GET", S).data
    assert row["description"] == "two\nlines\n"
    assert (current["name"], current["parent"], current["running"]) == ("current", "before", 0)
    assert "snaptime" not in current


def test_a_rollback_may_start_the_guest(node) -> None:
    node.create()
    _do(node, "POST", S, snapname="before")
    assert _do(node, "POST", f"{S}/before/rollback", start=1) == "OK"
    assert node.status()["status"] == "running"


@pytest.mark.parametrize("name", ["current", "vzdump"])
def test_a_reserved_name_is_refused_at_once(node, name) -> None:
    node.create()
    answer = node.ask("POST", S, snapname=name)
    assert (answer.status, answer.reason) == (
        500,
        f"unable to use snapshot name '{name}' (reserved name)",
    )


def test_a_taken_name_fails_in_the_task(node) -> None:
    node.create()
    assert _do(node, "POST", S, snapname="one") == "OK"
    assert _do(node, "POST", S, snapname="one") == "snapshot name 'one' already used"
    assert _names(node) == ["one", "current"]


@pytest.mark.parametrize("name", ["1st", "with space", "x" * 41])
def test_a_name_must_be_one(node, name) -> None:
    node.create()
    assert node.ask("POST", S, snapname=name).errors.keys() == {"snapname"}


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


def test_a_missing_snapshot(node) -> None:
    node.create()
    assert _do(node, "DELETE", f"{S}/none") == "snapshot 'none' does not exist"
    assert node.ask("GET", f"{S}/none/config").reason == "snapshot 'none' does not exist"
    assert node.ask("GET", f"{L}/config", snapshot="none").reason == (
        "snapshot 'none' does not exist"
    )


def test_a_snapshots_description_can_be_changed(node) -> None:
    node.create(cores=2)
    _do(node, "POST", S, snapname="one", description="old")
    assert node.ask("PUT", f"{S}/one/config", description="new").data is None
    config = node.ask("GET", f"{S}/one/config").data
    assert (config["description"], config["cores"]) == ("new\n", 2)
    assert node.ask("GET", f"{L}/config", snapshot="one").data["cores"] == 2


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


def test_a_locked_guest_is_left_alone(node) -> None:
    node.create()
    node.ask("PUT", f"{L}/config", lock="backup")
    assert _do(node, "POST", S, snapname="one") == "CT is locked (backup)"
    assert node.config()["lock"] == "backup"


def test_a_snapshot_that_was_cut_off_leaves_no_lock(open_node) -> None:
    before = open_node()
    before.create()
    context = before.context
    with context.state.transaction() as transaction:
        config = context.guest(100).config.changed({"lock": "snapshot"})
        transaction.put_config(100, config)
        context.tasks.register(transaction, "vzsnapshot", "100", user="root@pam", tokenid=None)
    after = open_node()
    assert "lock" not in after.config()
    assert _do(after, "POST", S, snapname="one") == "OK"


def test_a_volume_in_a_raw_image_has_no_snapshots(node) -> None:
    node.create(mp0="local-dir:1,mp=/data")
    status = node.wait(node.ask("POST", f"{L}/snapshot", snapname="one").data)
    assert status["exitstatus"] == "snapshot feature is not available"
    assert node.ask("GET", f"{L}/feature", feature="snapshot").data == {"hasFeature": 0}
    assert "lock" not in node.config()
