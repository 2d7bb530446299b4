from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from standstill import within

from homelab import settings
from homelab.errors import ConfigurationError
from homelab.operations.run import run
from homelab.operations.run.events import Event, Notice
from homelab.operations.run.recorder import Recorder
from homelab.operations.run.run import project_lock_holder, running
from homelab.settings import Environment


def test_second_operation_in_a_project_says_who_runs_the_first(tmp_path: Path) -> None:
    (tmp_path / "homelab.toml").touch()
    loaded = settings.load(tmp_path, environment=Environment())

    with running(loaded, "deploy", target=None, stages=()):
        found = project_lock_holder(tmp_path / "build")
        with (
            pytest.raises(ConfigurationError, match=rf"process {os.getpid()} \(deploy\), since"),
            running(loaded, "plan", target=None, stages=()),
        ):
            pass

    assert found is not None
    assert found[0].pid == os.getpid()
    assert project_lock_holder(tmp_path / "build") is None


def test_what_is_refused_leaves_nothing_to_root_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Path] = []
    monkeypatch.setattr(run, "give_back", lambda project, *_, **__: given.append(project))
    (tmp_path / "homelab.toml").touch()
    loaded = settings.load(tmp_path, environment=Environment())

    with running(loaded, "deploy", target=None, stages=()):
        with (
            pytest.raises(ConfigurationError),
            running(loaded, "plan", target=None, stages=()),
        ):
            pass
        refused = list(given)

    assert refused == [tmp_path]
    assert given == [tmp_path, tmp_path]


def test_nobody_works_where_nothing_was_built(tmp_path: Path) -> None:
    assert project_lock_holder(tmp_path / "build") is None


def test_a_listener_may_ask_and_work_in_the_project_itself(tmp_path: Path) -> None:
    """The last event is told when the project is nobody's any more."""
    (tmp_path / "homelab.toml").touch()
    loaded = settings.load(tmp_path, environment=Environment())
    told: list[str] = []
    known: list[Recorder] = []
    over = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, Notice):
            over.wait(20)
            told.append(str(known[0].notices))
            with running(loaded, "plan", target=None, stages=(), lock_timeout=20):
                told.append("worked")

    def work() -> None:
        with running(loaded, "deploy", target=None, stages=(), listener=listen) as this:
            known.append(this.recorder)
            this.recorder.notice("something")
            over.set()

    within(30, work)

    assert told == ["('something',)", "worked"]


def test_a_listener_that_fails_hears_no_more_and_the_operation_ends_first(tmp_path: Path) -> None:
    (tmp_path / "homelab.toml").touch()
    loaded = settings.load(tmp_path, environment=Environment())
    done = []

    def listen(event: Event) -> None:
        raise ValueError(event)

    def work() -> None:
        with running(loaded, "deploy", target=None, stages=(), listener=listen) as this:
            this.recorder.notice("something")
            done.append("everything")

    with pytest.raises(ValueError, match="OperationStarted"):
        work()

    assert done == ["everything"]
    assert (tmp_path / "build" / "deploy.json").is_file()
