"""What root wrote in a user's project is the user's; what the user could not have made is not."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from homelab import handover
from homelab.handover import hand_over

_USER, _GROUP = 1234, 1235


@dataclass
class Machine:
    """Owners as root would see and change them, so that these tests need no root."""

    real: Any = os.stat
    owners: dict[str, int] = field(default_factory=dict)
    given: dict[str, tuple[int, int]] = field(default_factory=dict)
    changed: dict[str, float] = field(default_factory=dict)

    def path(self, name: Any, descriptor: int | None) -> str:
        if descriptor is not None:
            return f"{Path(f'/proc/self/fd/{descriptor}').readlink()}/{name}"
        if isinstance(name, int):
            return str(Path(f"/proc/self/fd/{name}").readlink())
        return str(name)

    def stat(
        self, name: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True
    ) -> os.stat_result:
        found = self.real(name, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        path = self.path(name, dir_fd)
        values = list(found)
        values[stat.ST_UID] = self.given.get(path, (self.owners.get(path, _USER),))[0]
        extra = {key: getattr(found, key) for key in ("st_atime", "st_mtime", "st_ctime")}
        extra["st_ctime"] = self.changed.get(path, found.st_ctime)
        return os.stat_result(values, extra)

    def chown(
        self, name: str, user: int, group: int, *, dir_fd: int, follow_symlinks: bool
    ) -> None:
        assert not follow_symlinks
        self.given[self.path(name, dir_fd)] = (user, group)


@dataclass
class Tree:
    machine: Machine
    top: Path

    def make(self, name: str, *, root: bool = True) -> Path:
        path = self.top / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        self.owned(path, root=root)
        return path

    def owned(self, path: Path, *, root: bool) -> None:
        self.machine.owners[str(path)] = 0 if root else _USER

    def given(self, *, since: float = 0.0, apart: tuple[Path, ...] = ()) -> set[str]:
        hand_over(self.top, (_USER, _GROUP), since=since, apart=apart)
        assert {*self.machine.given.values()} <= {(_USER, _GROUP), (_USER, -1)}
        return {str(Path(path).relative_to(self.top)) for path in self.machine.given}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    machine = Machine()
    monkeypatch.setattr(handover.os, "geteuid", lambda: 0)
    monkeypatch.setattr(handover.os, "stat", machine.stat)
    monkeypatch.setattr(handover.os, "fstat", machine.stat)
    monkeypatch.setattr(handover.os, "chown", machine.chown)
    top = tmp_path / "project"
    top.mkdir()
    return Tree(machine=machine, top=top)


def test_whatever_root_made_becomes_the_user_s(tree: Tree) -> None:
    names = [
        ".hypothesis/",
        ".hypothesis/unicode",
        ".pytest_cache/",
        "build/",
        "build/deploy.json",
        "src/__pycache__/",
        "src/__pycache__/a.pyc",
    ]
    for name in names:
        tree.make(name)
    tree.make("src/a.py", root=False)

    assert tree.given() == {name.rstrip("/") for name in names}


def test_what_was_root_s_before_stays_so(tree: Tree) -> None:
    tree.make("secrets/key")
    tree.make("data/")

    assert tree.given(since=time.time() + 60) == set()


def test_what_a_killed_run_left_in_a_product_becomes_the_user_s(tree: Tree) -> None:
    for name in ("build/", "build/plan.json", "terraform/.terraform/", "terraform/.terraform/x"):
        tree.make(name)
    tree.make("terraformed/x")

    given = tree.given(since=time.time() + 60)

    assert given == {"build", "build/plan.json", "terraform/.terraform", "terraform/.terraform/x"}


def test_only_what_came_since_is_given(tree: Tree) -> None:
    before, since = tree.make("src/before"), time.time() + 5
    after = tree.make("src/after")
    os.utime(tree.top / "src", (since, since))
    tree.machine.changed = {str(before): since - 10, str(after): since}

    assert tree.given(since=since) == {"src/after"}


def test_links_are_given_and_never_followed(tree: Tree, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "shadow").touch()
    for path in (outside, outside / "shadow"):
        tree.owned(path, root=True)
    for name, target in (("build", outside), ("passwd", outside / "shadow")):
        link = tree.top / name
        link.symlink_to(target)
        tree.owned(link, root=True)

    assert tree.given() == {"build", "passwd"}


def test_a_file_with_a_second_name_stays_root_s(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "shadow").touch()
    os.link(tmp_path / "shadow", tree.top / "innocent")
    tree.owned(tree.top / "innocent", root=True)

    assert tree.given() == set()


def test_what_is_in_a_directory_of_another_s_stays(tree: Tree) -> None:
    place = tree.make("theirs/", root=False)
    tree.make("theirs/x")
    tree.machine.owners[str(place)] = 4321

    assert tree.given() == set()


def test_a_project_of_root_s_stays_root_s(tree: Tree) -> None:
    tree.make("build/x")
    tree.owned(tree.top, root=True)

    assert tree.given() == set()


def test_a_lab_s_state_and_the_cache_stay_root_s(tree: Tree) -> None:
    for name in ("deep/", "deep/lab/", "deep/lab/lab.db", "deep/lab/lab.json", "cache/", "cache/x"):
        tree.make(name)

    assert tree.given(apart=(tree.top / "cache",)) == {"deep"}


def test_in_a_shared_directory_the_group_stays(tree: Tree) -> None:
    tree.top.chmod(0o2775)
    path = tree.make("x")

    tree.given()

    assert tree.machine.given[str(path)] == (_USER, -1)


def test_who_is_not_root_gives_nothing(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.make("x")
    monkeypatch.setattr(handover.os, "geteuid", lambda: 1000)

    assert tree.given() == set()


def test_what_can_t_be_given_is_said(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    path = tree.make("x")
    monkeypatch.setattr(handover.os, "chown", refuse)
    monkeypatch.setattr(handover._log, "warning", lambda text, *words: said.append(text % words))

    assert tree.given() == set()
    assert said == [f"{path} stays root's: Operation not permitted"]
