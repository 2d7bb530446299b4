"""Terraform's state in a real PostgreSQL: moved there, locked, and saved plans bound to it.

Two clones of the project deploy to the same node (a lab that keeps state only, reached as if it
were a real one) through one database, as two people would.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from homelab.clients.postgres import LockKind, Session, StateDatabase
from homelab.errors import HomelabError
from homelab.lab.host.doctor import POSTGRES, CheckState, diagnose_tests
from homelab.lab.host.installation import fix
from homelab.operations.state.revision import revision_of
from homelab.polling import wait_until
from homelab.settings import Environment

_DEPLOY = ("deploy", "--target", "production", "--plain")
_AT_ONCE = ("--lock-timeout", "0")
_KEPT = "build/plan/production.tfplan"
_FILE = "terraform/containers/security.tf"
_MEMORY = "memory      = 512"
_LEFT_OUT = {"media": "media-stack", "monitoring": "monitoring", "business": "business"}
"""Categories that this does without: every plan asks for each container."""
_PASSWORD = "a-word-that-is-nowhere-else"


def _install() -> None:
    """Have PostgreSQL's programs; where they can't be had, a test without them is none."""
    try:
        fix(diagnose_tests(), on_line=lambda line: sys.stderr.write(f"{line}\n"))
        missing = [check for check in diagnose_tests() if check.state is CheckState.MISSING]
        absent = ", ".join(check.name for check in missing)
    except HomelabError as error:
        absent = str(error)
    if absent:
        why = f"what this needs is not installed: {absent}"
        pytest.fail(why) if Environment.read().ci else pytest.skip(why)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A PostgreSQL of our own on a local socket, which an unprivileged user runs; how to reach it."""
    _install()
    programs = max(Path(POSTGRES).glob("*/bin"), key=lambda path: int(path.parent.name))
    place = Path(tempfile.mkdtemp(prefix="homelab-pg-"))
    # PostgreSQL refuses to run as root.
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = {"user": "nobody", "group": "nogroup", "extra_groups": ()}
        shutil.chown(place, "nobody", "nogroup")
    (place / "password").write_text(_PASSWORD)
    (place / "password").chmod(0o644)

    def run(*words: str | Path) -> None:
        subprocess.run(
            words, cwd=place, check=True, stdin=subprocess.DEVNULL, capture_output=True, **account
        )

    data = place / "data"
    options = f"-c listen_addresses= -c unix_socket_directories={place} -c fsync=off"
    try:
        run(
            *(programs / "initdb", "-D", data, "-U", "homelab", "--no-sync"),
            *("--auth=scram-sha-256", f"--pwfile={place / 'password'}"),
        )
        control = (programs / "pg_ctl", "-D", data, "-w", "-s")
        run(*control, "-l", place / "log", "-o", options, "start")
        try:
            yield f"postgres://homelab:{_PASSWORD}@/postgres?host={place}"
        finally:
            run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place)


@dataclass(kw_only=True)
class Team:
    """Two clones of the project, and the database that they share."""

    one: Any
    two: Any
    directory: Path
    connection: str

    def holders(self) -> tuple[Session, ...]:
        """Who holds a lock of the target."""
        with StateDatabase(self.connection, "homelab", application_name="test") as stored:
            return stored.holders("production")

    def edit(self, memory: int) -> None:
        """Give a container other memory, the same in both clones."""
        for clone in (self.one, self.two):
            clone.edit(_FILE, _MEMORY, f"memory      = {memory}")

    @contextmanager
    def hung(self, name: str) -> Iterator[Hung]:
        """A deploy of the first clone that hangs in the middle of its apply; gone in the end."""
        log = self.directory / f"{name}.log"
        delay = ("--method", "PUT", "--path", "/nodes/*/lxc/*/config", "--delay", "3")
        self.one.ok("lab", "fault", "add", *delay)
        deploy = self.one.start(*_DEPLOY, log=log)

        def applying() -> bool:
            assert deploy.poll() is None, log.read_text()
            # Other sessions of Terraform came and went while it planned.
            started = "apply: started" in log.read_text()
            return started and LockKind.STATE in {session.kind for session in self.holders()}

        hung = Hung(deploy=deploy, pids=(), log=log)
        try:
            wait_until(applying, what="an apply that holds the lock", timeout=120)
            hung.pids = (deploy.pid, *_children(deploy.pid))
            hung.signal(signal.SIGSTOP)
            yield hung
        finally:
            if deploy.poll() is None:
                hung.signal(signal.SIGKILL)
                deploy.kill()
                deploy.wait()
            self.one.ok("lab", "fault", "clear")

    def restore(self) -> None:
        """Bring the clones back to what was committed."""
        for clone in (self.one, self.two):
            _git(clone, "checkout", "--quiet", ".")


@dataclass(kw_only=True)
class Hung:
    """A deploy that was stopped, with its Terraform."""

    deploy: subprocess.Popen[bytes]
    pids: tuple[int, ...]
    log: Path

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all its processes."""
        for pid in self.pids:
            os.kill(pid, number)


def _children(pid: int) -> tuple[int, ...]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return tuple(int(word) for word in text.split())


def _git(project: Any, *words: str) -> str:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    done = subprocess.run(
        ("git", *who, *words), cwd=project.directory, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def team(
    database: str, make_project: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Team]:
    """The first clone deployed with a local state, which was then moved into the database."""
    directory = tmp_path_factory.mktemp("team")
    one = make_project(directory / "one")
    for category, name in _LEFT_OUT.items():
        path = one.file(f"terraform/containers/{name}.tf")
        entry = re.compile(rf"^  {category} = {{\n.*?^  }}$", re.MULTILINE | re.DOTALL)
        path.write_text(entry.sub(f"  {category} = {{}}", path.read_text()))
    one.ok("lab", "up", "--runtime", "memory")
    try:
        one.env.update(one.exports())
        one.ok(*_DEPLOY)
        settings = '[targets.production]\nkind = "proxmox"\nstate = "pg"\n'
        one.file("homelab.local.toml").write_text(settings)
        ignored = "/build/\n.terraform*\nterraform.tfstate*\n/homelab.local.toml\n"
        one.file(".gitignore").write_text(ignored + "/ansible/inventory/*.json\n")
        _git(one, "init", "--quiet")
        _git(one, "add", "--all")
        _git(one, "commit", "--quiet", "--message", "begin")
        two = make_project(directory / "two")
        shutil.rmtree(two.directory)
        _git(one, "clone", "--quiet", str(one.directory), str(two.directory))
        two.file("homelab.local.toml").write_text(settings)
        two.env.update(one.env)
        for clone in (one, two):
            clone.env["PG_CONN_STR"] = database
        yield Team(one=one, two=two, directory=directory, connection=database)
    finally:
        one.ok("lab", "destroy", "--state", str(one.state))


@pytest.fixture(scope="module")
def moved(team: Team) -> Team:
    """The team after the migration."""
    local = team.one.file("terraform/terraform.tfstate.d/production/terraform.tfstate")
    before = json.loads(local.read_text())
    refused = team.one.refused(*_DEPLOY)
    assert "has a local state with 8 resources" in refused
    assert "homelab state migrate --target production" in refused

    said = team.one.ok("state", "migrate", "--target", "production")

    assert "8 resources of 8" in said
    with StateDatabase(team.connection, "homelab", application_name="test") as stored:
        after = stored.states()["production"]
    assert after.lineage == before["lineage"]
    assert after.serial >= before["serial"]
    assert after.resources == 8
    assert not local.exists()
    assert len(list(local.parent.glob("terraform.tfstate.migrated-*"))) == 1
    return team


def test_migration_loses_nothing_and_the_next_plan_is_empty(moved: Team) -> None:
    shown = moved.one.ok("plan", "--target", "production", "--plain")
    place = moved.one.ok("state", "show", "--target", "production")

    assert "no changes; 4 containers are as declared" in shown
    assert "PostgreSQL, schema homelab, workspace production: 8 resources" in place


def test_migration_that_was_cut_off_is_finished(moved: Team) -> None:
    directory = moved.one.file("terraform/terraform.tfstate.d/production")
    (kept,) = directory.glob("terraform.tfstate.migrated-*")
    kept.rename(directory / "terraform.tfstate")

    said = moved.one.ok("state", "migrate", "--target", "production")

    assert "8 resources of 8" in said


def test_migration_onto_another_state_is_refused(moved: Team) -> None:
    """The workspace has containers of another history: nothing is overwritten, nothing renamed."""
    directory = moved.two.file("terraform/terraform.tfstate.d/production")
    directory.mkdir(parents=True)
    (kept,) = moved.one.file("terraform/terraform.tfstate.d/production").glob("*.migrated-*")
    state = json.loads(kept.read_text())
    state["lineage"] = "11111111-2222-3333-4444-555555555555"
    (directory / "terraform.tfstate").write_text(json.dumps(state))
    try:
        refused = moved.two.refused("state", "migrate", "--target", "production")
    finally:
        left = [path.name for path in directory.iterdir()]
        shutil.rmtree(directory.parent)

    assert "another lineage" in refused
    assert "11111111-2222-3333-4444-555555555555" in refused
    assert "state_schema" in refused
    assert left == ["terraform.tfstate"]
    with StateDatabase(moved.connection, "homelab", application_name="test") as stored:
        assert stored.states()["production"].resources == 8


def test_terraform_by_hand_has_the_state_the_workspace_and_the_lock(moved: Team) -> None:
    moved.two.ok("state", "init", "--target", "production")
    place = moved.two.file("build/remote/production")

    def terraform(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            ("terraform", *words, "-no-color"),
            cwd=place,
            env=moved.two.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    terraform("init")
    terraform("plan", "-detailed-exitcode")
    assert place.joinpath(".terraform/environment").read_text() == "production"
    _password_is_in_no_file(moved)


def _password_is_in_no_file(team: Team) -> None:
    for clone in (team.one, team.two):
        for path in clone.directory.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert _PASSWORD.encode() not in path.read_bytes(), path


def test_second_apply_says_who_works_or_waits_for_them(moved: Team) -> None:
    moved.edit(640)
    log = moved.directory / "second.log"
    with moved.hung("first") as first:
        refused = moved.two.refused(*_DEPLOY, *_AT_ONCE)
        plan = moved.two.refused("plan", "--target", "production", "--plain", *_AT_ONCE)
        status = json.loads(moved.two.ok("lock", "status", "--target", "production", "--json"))
        second = moved.two.start(*_DEPLOY, "--lock-timeout", "5m", log=log)
        wait_until(
            lambda: "waiting for up to" in log.read_text(), what="the second to wait", timeout=60
        )
        first.signal(signal.SIGCONT)
        codes = (first.deploy.wait(120), second.wait(120))
    moved.restore()

    who = f"process {first.deploy.pid}"
    assert f"the deploy lock is held by {status[0]['who'].split(',')[0]}, {who}" in refused
    assert "the state lock is held by" in plan
    assert who in plan
    assert {row["lock"] for row in status} == {"deploy", "state"}
    assert codes == (0, 0), first.log.read_text() + log.read_text()
    assert "1 changed" in first.log.read_text()
    assert "no changes; 4 containers are as declared" in log.read_text()
    told = [line for line in log.read_text().splitlines() if "note: waiting for up to" in line]
    assert len({line.rpartition("note: ")[2].partition(" held by")[0] for line in told}) <= 2
    assert len([line for line in told if line.startswith("[")]) <= 2
    assert moved.holders() == ()


def test_killed_holder_is_recovered_from(moved: Team) -> None:
    """The kernel closes a dead program's connection, and PostgreSQL drops the session's locks."""
    moved.edit(704)
    with moved.hung("killed") as first:
        first.signal(signal.SIGKILL)
        first.deploy.wait()
    release = moved.two.run("lock", "release", "--target", "production", "--older-than", "0s")
    again = moved.two.ok(*_DEPLOY, *_AT_ONCE)
    moved.restore()

    assert release.returncode == 0, release.stderr
    assert "1 changed" in again or "no changes" in again  # the killed one may have come so far


def test_hung_holder_is_released_by_the_documented_command(moved: Team) -> None:
    moved.edit(768)
    release = ("lock", "release", "--target", "production", "--older-than")
    with moved.hung("hung") as first:
        spared = moved.two.run(*release, "1h")
        refused = moved.two.refused(*_DEPLOY, *_AT_ONCE)
        released = moved.two.run(*release, "0s")
        held = moved.holders()
    again = moved.two.ok(*_DEPLOY, *_AT_ONCE)
    moved.restore()

    assert spared.returncode == 1
    assert "spared" in spared.stderr
    assert "homelab lock release --target production --older-than" in refused
    assert released.returncode == 0
    assert "released: the deploy lock was held by" in released.stderr
    assert "released: the state lock was held by" in released.stderr
    assert all(str(pid) in released.stderr.partition("end them: kill")[2] for pid in first.pids)
    assert held == ()
    assert "1 changed" in again or "no changes" in again


def test_deploy_lock_excludes_others_and_its_loss_is_noticed(database: str) -> None:
    def opened() -> StateDatabase:
        return StateDatabase(database, "homelab", application_name="test")

    with opened() as one, opened() as two, one.deploy_lock("elsewhere", "homelab test") as held:
        assert held is not None
        assert held.is_held()
        with two.deploy_lock("elsewhere", "homelab other") as other:
            assert other is None
        with two.deploy_lock("another", "homelab other") as other:
            assert other is not None
        (session,) = two.holders("elsewhere")
        assert (session.kind, session.application) == (LockKind.DEPLOY, "homelab test")
        two.terminate(session)
        assert not held.is_held()
        with two.deploy_lock("elsewhere", "homelab other") as other:
            assert other is not None


def test_merge_that_changes_nothing_has_the_same_content(tmp_path: Path) -> None:
    project = SimpleNamespace(directory=tmp_path)
    assert revision_of(tmp_path) is None
    _git(project, "init", "--quiet")
    (tmp_path / "a").write_text("a")
    _git(project, "add", "--all")
    _git(project, "commit", "--quiet", "--message", "a")
    first = revision_of(tmp_path)
    _git(project, "commit", "--quiet", "--amend", "--message", "b")
    second = revision_of(tmp_path)
    (tmp_path / "a").write_text("b")
    third = revision_of(tmp_path)

    assert first is not None
    assert second is not None
    assert third is not None
    assert first.commit != second.commit
    assert first.same_content(second)
    assert not second.same_content(third)
    assert str(third).startswith(f"{second} with uncommitted changes")


def test_saved_plan_is_applied_as_it_is_or_refused_for_what_changed(moved: Team) -> None:
    deploy = (*_DEPLOY, "--plan", _KEPT)
    moved.one.edit(_FILE, _MEMORY, "memory      = 832")
    _git(moved.one, "commit", "--quiet", "--all", "--message", "more memory")
    shown = moved.one.ok("plan", "--target", "production", "--plain", code=2)
    kept, record = moved.one.file(_KEPT), moved.one.file(f"{_KEPT}.json")
    assert f"homelab deploy --target production --plan {_KEPT}" in shown
    assert kept.stat().st_mode & 0o777 == record.stat().st_mode & 0o777 == 0o600

    moved.one.edit(_FILE, "memory      = 832", "memory      = 833")
    files = moved.one.refused(*deploy)
    _git(moved.one, "checkout", "--quiet", ".")
    moved.one.file("note.txt").write_text("a note\n")
    _git(moved.one, "add", "note.txt")
    _git(moved.one, "commit", "--quiet", "--message", "a note")
    commit = moved.one.refused(*deploy)
    _git(moved.one, "reset", "--quiet", "--hard", "HEAD~1")
    moved.two.edit(_FILE, _MEMORY, "memory      = 896")
    moved.two.ok(*_DEPLOY)
    state = moved.one.refused(*deploy)
    moved.one.ok("plan", "--target", "production", "--plain", code=2)
    done = moved.one.ok(*deploy)
    gone = moved.one.refused(*deploy)

    assert f"{_FILE} (changed)" in files
    assert "configuration digest:" in files
    assert re.search(r"Git revision: (\w{12}) -> \1 with uncommitted changes", files)
    assert "files:" not in commit
    assert re.search(r"Git revision: (\w{12}) -> (?!\1)\w{12}\n", commit)
    assert re.search(r"state: serial (\d+) of (\w+) -> serial \d+ of \2\n", state)
    for text in (files, commit, state):
        assert "nox -s plan -- --target production" in text
        assert "Saved plan is stale" not in text  # Terraform's own words
    assert "1 changed" in done
    assert "there is no plan at" in gone
