from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homelab import settings
from homelab.clients.postgres import LockKind, Session
from homelab.clients.terraform.local_lock import info_file
from homelab.operations.run.events import Event, Notice, Stage
from homelab.operations.run.run import running
from homelab.operations.state.locks import LockedError, _remote, holders, reading, release
from homelab.operations.target.target import Target
from homelab.operations.target.worker import this_process
from homelab.settings import Environment, Settings

_HOLD = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.readline()
"""
_LAB = Target(name="lab", kind="lab", api_url="https://127.0.0.1:1", environment={}, variables={})


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    (tmp_path / "homelab.toml").touch()
    (tmp_path / "terraform").mkdir()
    (tmp_path / "terraform/terraform.tfstate").write_text("{}")
    return settings.load(tmp_path, environment=Environment())


@pytest.fixture
def holder(project: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A program that locks the lab's state as Terraform does, until it reads a line."""
    state = project.project / "terraform/terraform.tfstate"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child
        child.kill()


def test_holder_of_a_local_state_is_named(
    project: Settings, holder: subprocess.Popen[bytes]
) -> None:
    with (
        pytest.raises(LockedError, match=rf"the state lock is held by .*process {holder.pid}"),
        running(project, "plan", target="lab", stages=(Stage.PLAN,), reports=False) as run,
        reading(run, _LAB, 0),
    ):
        pass

    released = release(project, "lab", timedelta(0))
    assert [one.pids for one in released.by_hand] == [(holder.pid,)]
    assert holder.poll() is None


def test_holder_is_waited_for(project: Settings, holder: subprocess.Popen[bytes]) -> None:
    said: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Notice):
            said.append(event.text)
            assert holder.stdin is not None
            holder.stdin.write(b"\n")
            holder.stdin.flush()

    with (
        running(
            project, "plan", target="lab", stages=(Stage.PLAN,), listener=listen, reports=False
        ) as run,
        reading(run, _LAB, 60),
    ):
        others = [one for one in holders(project, "lab") if one.lock != "project"]

    assert said[0].startswith("waiting for up to 60 s: the state lock is held by")
    assert others == []


def test_what_a_killed_terraform_left_is_tidied(project: Settings) -> None:
    left = info_file(project.project / "terraform/terraform.tfstate")
    left.write_text("{}")

    assert release(project, "lab", timedelta(0)).tidied == (left,)
    assert not left.exists()
    assert release(project, "lab", timedelta(0)).tidied == ()


def _session(application: str) -> Session:
    return Session(
        kind=LockKind.STATE,
        backend=622,
        role="homelab",
        application=application,
        address="10.0.0.7",
        since=datetime.now(UTC) - timedelta(seconds=200),
    )


def test_session_of_ours_elsewhere_and_of_a_stranger() -> None:
    here = _remote(_session(this_process().application_name("deploy")))
    elsewhere = _remote(_session("homelab deploy anna@desk pid 4711"))
    stranger = _remote(_session(""))

    assert this_process().pid in here.pids
    assert elsewhere.pids == ()
    assert str(elsewhere).startswith(
        "the state lock is held by anna@desk, process 4711 (deploy) "
        "[role homelab from 10.0.0.7, backend 622], since "
    )
    assert str(elsewhere).endswith("(3 min 20 s ago)")
    assert "an unnamed program, such as terraform by hand [role homelab" in str(stranger)


def test_holder_keeps_its_name_while_its_terraforms_come_and_go() -> None:
    application = "homelab deploy anna@desk pid 4711"
    first, later = _session(application), replace(_session(application), backend=700)

    assert _remote(first).name == _remote(later).name
    assert _remote(first).name != _remote(_session("homelab deploy anna@desk pid 4712")).name
    assert _remote(first).name != _remote(replace(first, kind=LockKind.DEPLOY)).name
    assert _remote(_session("")).name != _remote(replace(_session(""), backend=700)).name
