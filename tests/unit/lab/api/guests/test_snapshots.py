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


def test_a_volume_in_a_raw_image_has_no_snapshots(node) -> None:
    node.create(mp0="local-dir:1,mp=/data")
    status = node.wait(node.ask("POST", f"{L}/snapshot", snapname="one").data)
    assert status["exitstatus"] == "snapshot feature is not available"
    assert node.ask("GET", f"{L}/feature", feature="snapshot").data == {"hasFeature": 0}
    assert "lock" not in node.config()
