from __future__ import annotations

L = "/nodes/pve/lxc/100"
ROOT = "local-zfs:subvol-100-disk-0"


def _do(node, method: str, path: str, **parameters: object) -> str:
    return str(node.wait(node.ask(method, path, **parameters).data)["exitstatus"])


def _make_template(node) -> None:
    assert node.ask("POST", f"{L}/template").data is None
    for row in node.ask("GET", "/nodes/pve/tasks", source="all").data:
        node.wait(row["upid"])


def test_a_running_guest_is_cloned_from_a_snapshot_only(node) -> None:
    node.create(start=1)
    answer = node.ask("POST", f"{L}/clone", newid=101)
    assert answer.reason == "Cannot do full clones on a running container without snapshots"
    node.runtime.volumes.write(ROOT, "then")
    _do(node, "POST", f"{L}/snapshot", snapname="one")
    node.runtime.volumes.write(ROOT, "now")
    assert _do(node, "POST", f"{L}/clone", newid=101, snapname="one") == "OK"
    assert node.runtime.volumes.content("local-zfs:subvol-101-disk-0") == "then"


def test_what_can_not_become_a_template(node) -> None:
    node.create(start=1)
    assert node.ask("POST", f"{L}/template").reason == (
        "you can't convert a CT to template if the CT is running"
    )
    _do(node, "POST", f"{L}/snapshot", snapname="one")
    assert node.ask("POST", f"{L}/template").reason == (
        "unable to create template, because CT contains snapshots"
    )


def test_a_template_does_not_start(node) -> None:
    node.create()
    _make_template(node)
    assert node.ask("POST", f"{L}/status/start").reason == (
        "you can't start a CT if it's a template"
    )
    assert node.ask("POST", f"{L}/template").reason == (
        "you can't convert a template to a template"
    )


def test_a_taken_id_is_refused_and_the_source_stays_free(node) -> None:
    node.create(100)
    node.create(101)
    answer = node.ask("POST", f"{L}/clone", newid=101)
    assert answer.reason == "unable to create CT 101 - CT 101 already exists on node 'pve'"
    assert "lock" not in node.config(100)
