from __future__ import annotations

import os
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from homelab.lab.failures import ApiFailureError
from homelab.lab.state.database import State, StateError, VolumeRecord
from homelab.pve.guest_config import GuestConfig

CONFIG = GuestConfig(options={"hostname": "web"})


def test_what_was_committed_is_there_for_the_next_server(tmp_path: Path, state: State) -> None:
    with state.transaction() as transaction:
        assert transaction.add_guest(100, CONFIG)
        assert not transaction.add_guest(100, CONFIG)
        transaction.put_volume(VolumeRecord(volid="z:s-1", vmid=100, size=5, ctime=1))
    with closing(State(tmp_path / "lab.db")) as again:
        record = again.guest(100)
        assert record is not None
        assert record.config == CONFIG
        assert [volume.volid for volume in again.volumes(100)] == ["z:s-1"]


def test_commits_reach_the_disk_before_they_return(state: State) -> None:
    connection = state._writer
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_an_error_undoes_the_whole_transaction(state: State) -> None:
    def fail() -> None:
        with state.transaction() as transaction:
            transaction.add_guest(100, CONFIG)
            raise ApiFailureError("no")

    with pytest.raises(ApiFailureError):
        fail()
    assert state.guest(100) is None
    with state.transaction() as transaction:
        transaction.add_guest(101, CONFIG)
    assert state.vmids() == {101}


def _fill(state: State) -> None:
    (pages,) = state._writer.execute("PRAGMA page_count").fetchone()
    state._writer.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_is_one_clear_error_and_changes_nothing(state: State) -> None:
    _fill(state)
    big = GuestConfig(options={"description": "x" * 8000 + "\n"})

    def write() -> None:
        with state.transaction() as transaction:
            transaction.put_meta("small", "x")
            for vmid in range(100, 200):
                transaction.add_guest(vmid, big)

    with pytest.raises(StateError, match="database or disk is full"):
        write()
    assert state.guests() == ()
    assert state.meta("small") is None


def test_a_request_on_a_full_disk_fails_and_leaves_nothing(node) -> None:
    _fill(node.context.state)
    answer = node.ask(
        "POST",
        "/nodes/pve/lxc",
        vmid=100,
        ostemplate="local:vztmpl/debian-13-homelab_13.0_amd64.tar.zst",
        rootfs="local-zfs:1",
        description="x" * 8000,
        **{f"mp{n}": f"local-zfs:1,mp=/data/{'x' * 100}{n}" for n in range(200)},
    )
    assert answer.status == 500
    assert answer.reason == "unable to write the node's state - database or disk is full"
    assert node.ask("GET", "/nodes/pve/lxc").data == []
    assert node.ask("GET", "/nodes/pve/tasks").data == []


def test_a_damaged_database_is_one_clear_error(tmp_path: Path, open_files) -> None:
    path = tmp_path / "lab.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StateError, match="can't open the lab's state") as raised:
        State(path)
    assert open_files(path) == 0, raised  # what it holds on to would be open still


def test_a_database_of_another_version_is_refused(tmp_path: Path, open_files) -> None:
    path = tmp_path / "lab.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StateError, match="is of version 99") as raised:
        State(path)
    assert open_files(path) == 0, raised  # what it holds on to would be open still


def test_the_database_is_its_owners(tmp_path: Path, state: State) -> None:
    assert stat.S_IMODE((tmp_path / "lab.db").stat().st_mode) == 0o600


def test_readers_do_not_wait_for_a_writer(state: State) -> None:
    seen: list[frozenset[int]] = []
    with state.transaction() as transaction:
        transaction.add_guest(100, CONFIG)
        reader = threading.Thread(target=lambda: seen.append(state.vmids()))
        reader.start()
        reader.join(5)
    assert seen == [frozenset()]
    assert state.vmids() == {100}


def test_threads_that_ended_leave_no_connection(state: State, tmp_path: Path, open_files) -> None:
    for _ in range(10):
        reader = threading.Thread(target=state.tasks)
        reader.start()
        reader.join()
    assert open_files(tmp_path / "lab.db") == 2  # the writer's, and one for reading


def test_reads_at_one_time_have_a_connection_each_and_closing_closes_all(
    state: State, tmp_path: Path, open_files
) -> None:
    path = tmp_path / "lab.db"
    with state._readers.lent() as one, state._readers.lent() as other:
        assert one is not other
        state.close()
        assert one.execute("SELECT COUNT(*) FROM guests").fetchone() == (0,)
    assert open_files(path) == 0
    with pytest.raises(StateError, match="the server is ending"):
        state.guests()
    assert open_files(path) == 0


def test_closing_while_others_work_fails_cleanly(tmp_path: Path) -> None:
    state = State(tmp_path / "lab.db")
    errors: list[BaseException] = []
    started = threading.Barrier(5)

    def work(vmid: int) -> None:
        started.wait()
        try:
            while True:
                with state.transaction() as transaction:
                    transaction.add_guest(vmid, CONFIG)
                state.guests()
        except StateError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(vmid,)) for vmid in range(100, 104)]
    for thread in threads:
        thread.start()
    started.wait()
    state.close()
    for thread in threads:
        thread.join(10)
    assert len(errors) == 4
    assert all("the server is ending" in str(error) for error in errors)


def test_what_a_block_commits_is_on_the_disk_at_its_end_and_seen_before(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (written.append(fd), real(fd)))
    with state.together():
        for vmid in (100, 101):
            with state.transaction() as transaction:
                transaction.add_guest(vmid, CONFIG)
        assert state.vmids() == {100, 101}
        assert written == []
    assert len(written) == 1
    with state.together(), state.transaction(lasting=False) as transaction:
        transaction.put_running(100, running=True)
    assert len(written) == 1


def test_a_block_that_fails_keeps_what_was_committed_before(state: State) -> None:
    def fail() -> None:
        with state.together():
            with state.transaction() as transaction:
                transaction.add_guest(100, CONFIG)
            raise StateError("no")

    with pytest.raises(StateError, match="no"):
        fail()
    assert state.guest(100) is not None


def test_other_threads_are_no_part_of_a_block(state: State) -> None:
    modes: list[object] = []

    def commit() -> None:
        with state.transaction() as transaction:
            transaction.add_guest(100, CONFIG)
            modes.append(state._writer.execute("PRAGMA synchronous").fetchone()[0])

    with state.together():
        other = threading.Thread(target=commit)
        other.start()
        other.join(5)
        with state.transaction() as transaction:
            transaction.add_guest(101, CONFIG)
            modes.append(state._writer.execute("PRAGMA synchronous").fetchone()[0])
    assert modes == [2, 1]


def test_guests_are_as_a_new_connection_reads_them(state: State, tmp_path: Path) -> None:
    described = GuestConfig(options={"hostname": "a", "description": "one\n"})
    for config in (CONFIG, described):
        with state.transaction() as transaction:
            transaction.add_guest(100, config)
            transaction.put_config(100, config)
            transaction.put_node(100, "pve2")
        with closing(State(tmp_path / "lab.db")) as other:
            assert state.guests() == other.guests()


def test_a_change_of_many_guests_is_seen(state: State) -> None:
    assert state.guests() == ()
    with state.transaction() as transaction:
        for vmid in range(100, 800):
            transaction.add_guest(vmid, CONFIG)
    assert len(state.guests()) == len(state.vmids()) == 700
    with state.transaction() as transaction:
        for vmid in range(100, 800):
            transaction.remove_guest(vmid)
    assert state.guests() == ()
