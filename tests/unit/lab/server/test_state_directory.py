from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from memory_lab import memory_lab

from homelab.errors import ConfigurationError
from homelab.lab import Lab
from homelab.lab.server import state_directory as lab_directory


def test_two_servers_never_share_a_directory(shared: Lab) -> None:
    shared.up()
    with pytest.raises(ConfigurationError, match="runs already"):
        shared.serve()
    with (
        pytest.raises(ConfigurationError, match="another server uses"),
        lab_directory.serving(shared.state_dir),
    ):
        pass


def test_a_directory_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    for action in (memory_lab(tmp_path).up, memory_lab(tmp_path).destroy):
        with pytest.raises(ConfigurationError, match="holds no lab"):
            action()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_place_of_the_directory_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "lab").write_text("")
    with pytest.raises(ConfigurationError, match="as the lab's state directory"):
        memory_lab(tmp_path / "lab").up()


def test_foreign_files_in_the_directory_survive_a_destroy(tmp_path: Path) -> None:
    lab = memory_lab(tmp_path / "lab")
    lab.up()
    (lab.state_dir / "notes.txt").write_text("mine")
    lab.destroy()
    assert [path.name for path in lab.state_dir.iterdir()] == ["notes.txt"]


def test_one_at_a_time_changes_the_lab(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with lab_directory.exclusive(tmp_path):
            order.append("second")

    with lab_directory.exclusive(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.05)
        order.append("first")
    waiting.join(5)
    assert order == ["first", "second"]


def test_who_waited_for_a_lock_that_was_removed_takes_the_new_one(tmp_path: Path) -> None:
    with lab_directory.exclusive(tmp_path):
        lab_directory.remove(tmp_path)
        tmp_path.mkdir()
        with lab_directory.exclusive(tmp_path):  # it does not wait for the one that is gone
            pass


def test_the_server_is_known_as_long_as_it_holds_the_directory(tmp_path: Path) -> None:
    assert lab_directory.server_process(tmp_path) is None
    with lab_directory.serving(tmp_path):
        found = lab_directory.server_process(tmp_path)
        assert found is not None
        assert found[0] == os.getpid()
    assert lab_directory.server_process(tmp_path) is None
    (tmp_path / "server.lock").write_text(f"{os.getpid()} 1")  # of a process before this one
    assert lab_directory.server_process(tmp_path) is None


def test_only_what_the_lab_made_is_removed(tmp_path: Path) -> None:
    state = tmp_path / "homelab" / "lab"
    lab_directory.prepare(state)
    (state / "lab.db").write_text("")
    (state / "tasks").mkdir()
    (state / "tls").symlink_to(tmp_path)
    (state / "notes.txt").write_text("mine")
    lab_directory.remove(state)
    assert [path.name for path in state.iterdir()] == ["notes.txt"]
    (state / "notes.txt").unlink()
    lab_directory.remove(state)
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    assert lab_directory.last_lines(log) == []
    log.write_bytes(b"".join(b"%d \xff\n" % number for number in range(20)))
    assert lab_directory.last_lines(log, 2) == ["18 \ufffd", "19 \ufffd"]
