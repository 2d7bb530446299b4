from __future__ import annotations

from pathlib import Path

import pytest

from homelab import settings
from homelab.errors import ConfigurationError
from homelab.settings import Environment, LabTarget, ProxmoxTarget


def _project(directory: Path, text: str = "", local: str | None = None) -> Path:
    (directory / "homelab.toml").write_text(text, encoding="utf-8")
    if local is not None:
        (directory / "homelab.local.toml").write_text(local, encoding="utf-8")
    return directory


def _load(directory: Path, **values: str) -> settings.Settings:
    return settings.load(directory, environment=Environment.read(values))


def test_lab_is_there_without_being_named(tmp_path: Path) -> None:
    loaded = _load(_project(tmp_path))

    assert loaded.target() == ("lab", LabTarget(kind="lab"))


def test_the_projects_own_file_is_valid() -> None:
    loaded = _load(Path(__file__).parents[2])

    assert set(loaded.targets) >= {"lab", "production"}


def test_unknown_target_lists_the_known_ones(tmp_path: Path) -> None:
    loaded = _load(_project(tmp_path, '[targets.production]\nkind = "proxmox"\n'))

    with pytest.raises(ConfigurationError, match=r"unknown target 'prod'.*lab, production"):
        loaded.target("prod")


def test_local_file_is_laid_over_the_committed_one(tmp_path: Path) -> None:
    text = '[targets.production]\nkind = "proxmox"\nnode = "a"\nstorage = "zfs"\n'
    loaded = _load(_project(tmp_path, text, local='[targets.production]\nnode = "b"\n'))

    _, target = loaded.target("production")

    assert isinstance(target, ProxmoxTarget)
    assert (target.node, target.storage) == ("b", "zfs")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[targets.lab\n", "not TOML"),
        ('[targets.lab]\nkind = "lab"\nruntime = "docker"\n', r"targets\.lab\.lab\.runtime"),
        ('[targets.lab]\nkind = "lab"\nspeed = 1\n', r"targets\.lab\.lab\.speed"),
        ('[targets.x]\nkind = "cloud"\n', r"targets\.x"),
        ('[targets.p]\nkind = "proxmox"\npassword = "no"\n', r"targets\.p\.proxmox\.password"),
        ('default_target = "nowhere"\n', "'nowhere' is none of: lab"),
    ],
)
def test_wrong_file_is_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        _load(_project(tmp_path, text))


def test_project_is_found_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = _project(tmp_path) / "terraform" / "containers"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    assert settings.find_project() == tmp_path


def test_no_project_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no homelab project"):
        settings.find_project(tmp_path)


def test_secrets_are_not_shown() -> None:
    values = {"PM_PASS": "hunter2", "PM_API_TOKEN_SECRET": "s3cret-token"}

    shown = repr(Environment.read(values))

    assert "hunter2" not in shown
    assert "s3cret-token" not in shown


def test_empty_variable_says_nothing() -> None:
    assert Environment.read({"PM_API_URL": ""}).pm_api_url is None


def test_lab_state_follows_the_environment(tmp_path: Path) -> None:
    environment = Environment.read({"HOMELAB_LAB_STATE": str(tmp_path)})

    assert settings.lab_state_directory(environment) == tmp_path


def test_wrong_value_is_shown_and_that_of_an_unknown_key_is_not(tmp_path: Path) -> None:
    (tmp_path / "homelab.toml").write_text(
        '[targets.production]\nkind = "proxmox"\nstate = "mysql"\npassword = "hunter22"\n'
    )

    with pytest.raises(ConfigurationError) as raised:
        settings.load(tmp_path, environment=settings.Environment.read({}))

    said = str(raised.value)
    assert "state = 'mysql': " in said
    assert "password: " in said
    assert "hunter22" not in said
