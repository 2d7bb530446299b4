from __future__ import annotations

L = "/nodes/pve/lxc/100"


S = f"{L}/snapshot"


def _do(node, method: str, path: str, **parameters: object) -> str:
    """Run a task and return how it ended."""
    return str(node.wait(node.ask(method, path, **parameters).data)["exitstatus"])


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
