from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from homelab.operations.state.revision import Revision, revision_of
from homelab.process import environment


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "main.tf").write_text("one\n")
    (tmp_path / ".gitignore").write_text("ignored\n")
    _git(tmp_path, "init", "-q")
    _commit(tmp_path)
    return tmp_path


def _git(directory: Path, *words: str) -> None:
    who = ("-c", "user.name=me", "-c", "user.email=me@example.org")
    subprocess.run(("git", *who, *words), cwd=directory, env=environment(), check=True)


def _commit(directory: Path, *more: str) -> None:
    _git(directory, "add", "-A")
    _git(directory, "commit", "-q", "-m", "words", *more)


def _of(directory: Path) -> Revision:
    found = revision_of(directory)
    assert found is not None
    return found


def test_the_same_files_are_the_same_content_whichever_commit_has_them(repository: Path) -> None:
    first = _of(repository)
    _commit(repository, "--allow-empty")
    second = _of(repository / "sub")
    assert second.commit != first.commit
    assert second.same_content(first)
    assert str(second) == second.commit[:12]


@pytest.mark.parametrize("name", ["main.tf", "new.tf", "sub/new.tf", "with space ü.tf"])
def test_a_change_in_no_commit_is_other_content_wherever_it_is_asked_from(
    repository: Path, name: str
) -> None:
    clean = _of(repository)
    (repository / name).write_text("two\n")
    one = _of(repository)
    assert not one.same_content(clean)
    assert "with uncommitted changes" in str(one)
    assert _of(repository / "sub") == one
    (repository / name).write_text("three\n")
    assert not _of(repository).same_content(one)


def test_what_git_ignores_changes_nothing(repository: Path) -> None:
    clean = _of(repository)
    (repository / "ignored").write_text("two\n")
    assert _of(repository) == clean


def test_a_link_to_nowhere_is_no_obstacle(repository: Path) -> None:
    (repository / "link").symlink_to("nowhere")
    one = _of(repository)
    (repository / "link").unlink()
    (repository / "link").symlink_to("elsewhere")
    assert not _of(repository).same_content(one)


def test_outside_of_a_repository_there_is_none(tmp_path: Path) -> None:
    assert revision_of(tmp_path) is None
    _git(tmp_path, "init", "-q")
    assert revision_of(tmp_path) is None  # no commit yet
