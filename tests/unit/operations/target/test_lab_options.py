from __future__ import annotations

from pathlib import Path

import pytest

from homelab import settings
from homelab.errors import ConfigurationError
from homelab.operations.target import lab_options
from homelab.operations.target.lab_options import (
    LabOptions,
    belongs_to_root,
    is_at,
    lab_settings,
    lab_target,
    open_lab,
    settings_if_any,
)
from homelab.settings import Environment, LabTarget

_SECTION = LabTarget(kind="lab", runtime="memory", listen="127.0.0.1:1", state=Path("/file"))


def test_the_command_line_wins_over_the_environment_and_that_over_the_file() -> None:
    environment = Environment(lab_state=Path("/environment"), lab_address="127.0.0.1:2")
    options = LabOptions(state=Path("/option"), listen="127.0.0.1:3", runtime="lxc", nodes=2)
    places = [
        lab_settings(LabOptions(), _SECTION, Environment()),
        lab_settings(LabOptions(), _SECTION, environment),
        lab_settings(options, _SECTION, environment),
    ]
    assert [(place.state.name, place.listen[-1]) for place in places] == [
        ("file", "1"),
        ("environment", "2"),
        ("option", "3"),
    ]
    assert [place.runtime for place in places] == ["memory", "memory", "lxc"]
    assert places[2].nodes == 2


def test_the_labs_section_is_found_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "homelab.toml").write_text(
        '[targets.production]\nkind = "proxmox"\n[targets.mine]\nkind = "lab"\nlisten = "[::1]:1"\n'
    )
    loaded = settings.load(tmp_path, environment=Environment.read({}))
    assert lab_target(loaded).listen in {"[::1]:1", LabTarget(kind="lab").listen}
    assert lab_target(None) == LabTarget(kind="lab")


def test_outside_of_a_project_there_are_no_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOMELAB_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    assert settings_if_any() is None
    with pytest.raises(ConfigurationError):
        settings_if_any(tmp_path / "none")
    (tmp_path / "homelab.toml").touch()
    found = settings_if_any()
    assert found is not None
    assert found.project == tmp_path


def test_a_lab_is_opened_where_it_is_meant_and_not_started(tmp_path: Path) -> None:
    place = lab_settings(LabOptions(state=tmp_path / "lab"), _SECTION, Environment())
    lab = open_lab(place)
    assert lab.state_dir == tmp_path / "lab"
    assert not lab.status().exists
    assert not is_at(place)


def test_whose_lab_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = lab_settings(LabOptions(state=tmp_path), _SECTION, Environment())
    assert not belongs_to_root(place)
    monkeypatch.setattr(lab_options.os, "geteuid", lambda: 1000)
    assert not belongs_to_root(place)  # there is none
    (tmp_path / "lab.json").touch()
    monkeypatch.setattr(lab_options.os, "access", lambda *_: False)
    assert belongs_to_root(place)
    monkeypatch.setattr(lab_options.os, "access", lambda *_: True)
    assert not belongs_to_root(place)
