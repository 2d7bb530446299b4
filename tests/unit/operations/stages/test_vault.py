from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from homelab.clients.ansible.vault import encrypt
from homelab.errors import ConfigurationError
from homelab.model import Topology
from homelab.operations.stages import vault
from homelab.operations.stages.vault import given_vault, lab_vault, missing_secrets, read

TOPOLOGY = Topology.load(Path(__file__).parents[4] / "terraform")
PASSWORD = "open sesame"


def without(name):
    containers = tuple(item for item in TOPOLOGY.containers if item.name != name)
    return TOPOLOGY.model_copy(update={"containers": containers})


def password_of(made):
    return made.password_file.read_text().strip()


def test_a_lab_has_a_value_for_every_declared_secret(tmp_path):
    made = lab_vault(TOPOLOGY, tmp_path)
    values = read(made.path, password_of(made))
    declared = {c.name: set(c.service.secrets) for c in TOPOLOGY if c.service.secrets}
    assert {name: set(item) for name, item in values.items()} == declared
    every = [value for item in values.values() for value in item.values()]
    assert len(set(every)) == len(every)
    assert {len(value) for value in every} == {32}
    assert missing_secrets(TOPOLOGY, values) == {}


def test_nobody_else_reads_them(tmp_path):
    made = lab_vault(TOPOLOGY, tmp_path)
    assert made.path.read_text().startswith("$ANSIBLE_VAULT")
    assert {path.stat().st_mode & 0o777 for path in made.path.parent.iterdir()} == {0o600}
    assert made.path.parent.stat().st_mode & 0o777 == 0o700


def test_values_stay_and_nothing_is_written_again(tmp_path):
    made = lab_vault(TOPOLOGY, tmp_path)
    before = made.path.stat().st_mtime_ns
    assert lab_vault(TOPOLOGY, tmp_path) == made
    assert made.path.stat().st_mtime_ns == before


def test_a_container_that_comes_or_goes_leaves_the_others_alone(tmp_path):
    made = lab_vault(without("sonarr"), tmp_path)
    first = read(made.path, password_of(made))
    assert "sonarr" not in first
    lab_vault(TOPOLOGY, tmp_path)
    second = read(made.path, password_of(made))
    assert {name: second[name] for name in first} == first
    assert second["sonarr"]["SONARR__AUTH__APIKEY"]
    lab_vault(without("sonarr"), tmp_path)
    assert "sonarr" not in read(made.path, password_of(made))


def test_interrupted_between_the_two_files(tmp_path, monkeypatch):
    made = lab_vault(without("sonarr"), tmp_path)
    first = read(made.path, password_of(made))
    replace = vault.replace_file

    def cut_off(path, text, *, mode):
        if path.name == "names.json":
            raise KeyboardInterrupt
        replace(path, text, mode=mode)

    monkeypatch.setattr(vault, "replace_file", cut_off)
    with pytest.raises(KeyboardInterrupt):
        lab_vault(TOPOLOGY, tmp_path)
    monkeypatch.undo()
    lab_vault(TOPOLOGY, tmp_path)
    assert first.items() <= read(made.path, password_of(made)).items()


def written(path, data):
    path.write_text(encrypt(yaml.safe_dump(data), PASSWORD))
    (path.parent / "password").write_text(f"{PASSWORD}\n")
    return path, path.parent / "password"


def test_a_given_vault_that_is_complete(tmp_path):
    values = {c.name: dict.fromkeys(c.service.secrets, "x") for c in TOPOLOGY}
    path, password = written(tmp_path / "vault.yml", {"homelab_secrets": values})
    assert given_vault(TOPOLOGY, path, password_file=password).path == path


def test_every_missing_value_is_named(tmp_path):
    values = {c.name: dict.fromkeys(c.service.secrets, "x") for c in TOPOLOGY}
    values["plex"] = {"PLEX_CLAIM": None}
    del values["authelia"]
    path, password = written(tmp_path / "vault.yml", {"homelab_secrets": values})
    with pytest.raises(ConfigurationError) as caught:
        given_vault(TOPOLOGY, path, password_file=password)
    assert "no value for 4 secrets" in caught.value.message
    assert "plex: PLEX_CLAIM" in caught.value.message
    assert "AUTHELIA_SESSION_SECRET" in caught.value.message


def test_without_its_password_a_given_vault_is_left_to_ansible(tmp_path):
    path, _ = written(tmp_path / "vault.yml", {})
    assert given_vault(TOPOLOGY, path).password_file is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"other": {}}, "does not map homelab_secrets"),
        ({"homelab_secrets": {"plex": "x"}}, "does not map homelab_secrets"),
        ([1], "does not map homelab_secrets"),
    ],
)
def test_a_given_vault_of_another_form(data, said, tmp_path):
    path, password = written(tmp_path / "vault.yml", data)
    with pytest.raises(ConfigurationError, match=said):
        given_vault(TOPOLOGY, path, password_file=password)


def test_a_wrong_password(tmp_path):
    path, password = written(tmp_path / "vault.yml", {})
    password.write_text("another")
    with pytest.raises(ConfigurationError, match=r"vault\.yml: the vault can't be decrypted"):
        given_vault(TOPOLOGY, path, password_file=password)


def test_a_vault_or_password_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no vault at"):
        given_vault(TOPOLOGY, tmp_path / "vault.yml")
    path, _ = written(tmp_path / "vault.yml", {})
    with pytest.raises(ConfigurationError, match="no vault password file"):
        given_vault(TOPOLOGY, path, password_file=tmp_path / "nope")
