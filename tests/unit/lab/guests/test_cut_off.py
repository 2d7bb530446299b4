"""What kill -9 cuts off in the middle is wholly there after the next start, or wholly not."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from homelab.lab.guests import clone as guest_clone
from homelab.lab.guests import locks, snapshots
from homelab.lab.runtime import RuntimeFailureError
from homelab.lab.runtimes.memory import MemoryRuntime
from homelab.lab.state.database import StateError

L = "/nodes/pve/lxc/100"
ROOT, DATA = "local-zfs:subvol-100-disk-0", "local-zfs:subvol-100-disk-1"


class Stalling(MemoryRuntime):
    """Stands still after one call of a method of its volumes, like a server that is killed."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir)
        self.reached = threading.Event()
        self.opened = threading.Event()

    def stall_after(self, method: str, *, call: int = 1) -> None:
        done = getattr(self.volumes, method)
        calls = itertools.count(1)

        def stalling(*parts: object, **named: object) -> object:
            value = done(*parts, **named)
            if next(calls) >= call:
                self.reached.set()
                self.opened.wait(20)
            return value

        setattr(self.volumes, method, stalling)


class Growing(MemoryRuntime):
    """Remembers the sizes that it was told."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir)
        self.sizes: dict[str, int] = {}
        self.dies = False

    def resize(self, _guest, volume, **_more) -> None:
        if self.dies:
            raise SystemExit
        self.sizes[volume.volid] = volume.size


@pytest.fixture
def stalling(tmp_path: Path) -> Iterator[Stalling]:
    made = Stalling(tmp_path)
    yield made
    made.opened.set()


@pytest.fixture
def before(open_node, stalling):
    """A node with a guest of two volumes and one snapshot."""
    node = open_node(stalling)
    node.create(mp0="local-zfs:1,mp=/data")
    for volid in (ROOT, DATA):
        stalling.volumes.write(volid, "old")
    assert _done(node, "POST", f"{L}/snapshot", snapname="kept") == "OK"
    for volid in (ROOT, DATA):
        stalling.volumes.write(volid, "new")
    return node


def _done(node, method: str, path: str, **parameters: object) -> str:
    return str(node.wait(node.ask(method, path, **parameters).data)["exitstatus"])


def _begin(node, **parameters: object) -> None:
    """Change the guest in a thread that the test leaves behind."""
    threading.Thread(
        target=node.ask, args=("PUT", f"{L}/config"), kwargs=parameters, daemon=True
    ).start()


def _names(node) -> list[str]:
    return [row["name"] for row in node.ask("GET", f"{L}/snapshot").data]


def test_a_volume_that_nobody_was_told_of_is_removed(open_node, before, stalling) -> None:
    stalling.stall_after("make", call=3)
    _begin(before, mp1="local-zfs:1,mp=/more")
    assert stalling.reached.wait(5)
    assert len(stalling.volumes.all()) == 3
    after = open_node()
    assert "mp1" not in after.config()
    assert after.runtime.volumes.all() == (ROOT, DATA)
    assert len(after.ask("GET", "/nodes/pve/storage/local-zfs/content").data) == 2


def test_a_removed_volume_is_gone_or_still_named(open_node, before, stalling) -> None:
    assert _done(before, "DELETE", f"{L}/snapshot/kept") == "OK"
    assert before.ask("PUT", f"{L}/config", delete="mp0").status == 200
    stalling.stall_after("remove")
    _begin(before, delete="unused0")
    assert stalling.reached.wait(5)
    after = open_node()
    named = [v for key, v in after.config().items() if key.startswith("unused")]
    assert list(after.runtime.volumes.all()) == [ROOT, *named]


def test_a_snapshot_that_was_cut_off_is_gone(open_node, before, stalling) -> None:
    stalling.stall_after("snapshot")
    before.ask("POST", f"{L}/snapshot", snapname="half")
    assert stalling.reached.wait(5)
    rows = before.ask("GET", f"{L}/snapshot").data
    assert [row.get("snapstate") for row in rows] == [None, "prepare", None]
    after = open_node()
    assert _names(after) == ["kept", "current"]
    with pytest.raises(RuntimeFailureError):
        after.runtime.volumes.content(ROOT, "half")
    assert _done(after, "POST", f"{L}/snapshot", snapname="half") == "OK"


def test_a_snapshot_that_is_half_removed_is_removed(open_node, before, stalling) -> None:
    stalling.stall_after("delete_snapshot")
    before.ask("DELETE", f"{L}/snapshot/kept")
    assert stalling.reached.wait(5)
    after = open_node()
    assert _names(after) == ["current"]
    with pytest.raises(RuntimeFailureError):
        after.runtime.volumes.content(DATA, "kept")
    assert "parent" not in after.config()


def test_a_rollback_that_was_cut_off_is_finished(open_node, before, stalling) -> None:
    assert before.ask("PUT", f"{L}/config", cores=3).status == 200
    stalling.stall_after("rollback")
    before.ask("POST", f"{L}/snapshot/kept/rollback")
    assert stalling.reached.wait(5)
    after = open_node()
    words = [after.runtime.volumes.content(volid) for volid in (ROOT, DATA)]
    assert words == ["old", "old"]
    assert not {"cores", "lock"} & after.config().keys()


def test_a_rollback_that_failed_is_not_done_at_the_next_start(
    open_node, before, monkeypatch
) -> None:
    def fail(*_parts: object, **_named: object) -> None:
        raise RuntimeFailureError("no")

    monkeypatch.setattr(before.runtime, "rollback", fail)
    assert _done(before, "POST", f"{L}/snapshot/kept/rollback") == "no"
    after = open_node()
    assert after.runtime.volumes.content(ROOT) == "new"


def test_a_template_that_is_half_made_is_made(open_node, before, stalling) -> None:
    assert _done(before, "DELETE", f"{L}/snapshot/kept") == "OK"
    stalling.stall_after("rename")
    before.ask("POST", f"{L}/template")
    assert stalling.reached.wait(5)
    after = open_node()
    config = after.config()
    assert config["template"] == 1
    named = [str(config[key]).partition(",")[0] for key in ("rootfs", "mp0")]
    assert list(after.runtime.volumes.all()) == named
    assert "lock" not in config


def test_a_volume_has_the_size_that_is_shown(open_node, tmp_path) -> None:
    dying = Growing(tmp_path)
    before = open_node(dying)
    before.create()
    dying.dies = True
    upid = before.ask("PUT", f"{L}/resize", disk="rootfs", size="+1G").data
    before.wait(upid)
    with before.context.state.transaction() as transaction:  # a killed server ends no task
        transaction.execute("UPDATE tasks SET endtime = NULL WHERE upid = ?", upid)
    growing = Growing(tmp_path)
    after = open_node(growing)
    assert after.config()["rootfs"] == f"{ROOT},size=5G"
    assert growing.sizes == {ROOT: 5 << 30}


def test_an_acknowledged_change_is_not_undone_by_a_clone(before, monkeypatch) -> None:
    planned = guest_clone._planned
    reached, opened = threading.Event(), threading.Event()

    def slow(*parts, **named):
        reached.set()
        opened.wait(20)
        return planned(*parts, **named)

    monkeypatch.setattr(guest_clone, "_planned", slow)
    with ThreadPoolExecutor(2) as pool:
        clone = pool.submit(before.ask, "POST", f"{L}/clone", newid=101, full=1)
        assert reached.wait(5)
        change = pool.submit(before.ask, "PUT", f"{L}/config", cores=3)
        wait([change], timeout=0.5)  # a change that does not wait is done by then
        opened.set()
        before.wait(clone.result().data)
        done = change.result().status == 200
    assert (before.config().get("cores") == 3) is done


def test_snapshots_of_one_second_keep_their_order(before, monkeypatch) -> None:
    monkeypatch.setattr(snapshots.time, "time", lambda: 2e9)
    for name in ("s1", "s2", "s3"):
        assert _done(before, "POST", f"{L}/snapshot", snapname=name) == "OK"
    assert _done(before, "DELETE", f"{L}/snapshot/s1") == "OK"
    assert _names(before) == ["kept", "s2", "s3", "current"]
    assert _done(before, "POST", f"{L}/snapshot/s3/rollback") == "OK"


def test_a_full_disk_locks_no_guest_for_good(before, monkeypatch) -> None:
    full = threading.Event()
    transaction = before.context.state.transaction

    def writing(**named: bool):
        if full.is_set():
            raise StateError("database or disk is full")
        return transaction(**named)

    def fill(*_parts: object, **_named: object) -> None:
        full.set()
        raise RuntimeFailureError("no space left")

    monkeypatch.setattr(before.context.state, "transaction", writing)
    with monkeypatch.context() as patch:
        patch.setattr(before.runtime, "snapshot", fill)
        assert _done(before, "POST", f"{L}/snapshot", snapname="half") == "no space left"
    full.clear()
    assert _done(before, "POST", f"{L}/snapshot", snapname="half") == "OK"
    assert "lock" not in before.config()
    assert _names(before) == ["kept", "half", "current"]


def test_a_start_that_is_killed_itself_leaves_no_lock(
    open_node, before, stalling, monkeypatch
) -> None:
    stalling.stall_after("snapshot")
    upid = before.ask("POST", f"{L}/snapshot", snapname="half").data
    assert stalling.reached.wait(5)

    def die(*_parts: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(locks, "unlock", die)
        with pytest.raises(KeyboardInterrupt):
            open_node()
    after = open_node()
    assert "lock" not in after.config()
    assert after.wait(upid)["exitstatus"] == "unexpected status"
