from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from homelab.operations.run import ownership
from homelab.operations.run.ownership import give_back, give_back_around
from homelab.settings import Environment

_OWNER = (1000, 1001)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []

    def note(project: Path, owner: tuple[int, int], *, since: float, apart: Any) -> None:
        found.append((project, owner, since, tuple(apart)))

    monkeypatch.setattr(ownership, "hand_over", note)
    return found


def test_the_user_who_called_sudo_gets_it_and_not_the_image_cache(
    given: list[Any], tmp_path: Path
) -> None:
    environment = Environment(sudo_owner=_OWNER, cache=tmp_path / "cache")

    give_back(tmp_path, environment)

    ((*what, since, apart),) = given
    assert what == [tmp_path, _OWNER]
    assert since < time.time()
    assert apart == (tmp_path / "cache",)


def test_root_s_own_stays_root_s(
    given: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    (tmp_path / "homelab.toml").touch()
    give_back(tmp_path, Environment())
    give_back_around(tmp_path)

    assert given == []


def test_around_the_working_directory(
    given: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setenv("SUDO_GID", "1001")
    place = tmp_path / "project" / "terraform"
    place.mkdir(parents=True)

    monkeypatch.chdir(tmp_path)
    give_back_around(None)
    nowhere = list(given)
    monkeypatch.chdir(place)
    give_back_around(None)

    assert nowhere == []
    assert [entry[:2] for entry in given] == [(place.parent, _OWNER)]
