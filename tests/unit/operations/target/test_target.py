from __future__ import annotations

from pathlib import Path

import pytest

from homelab import settings
from homelab.errors import CapabilityError, ConfigurationError
from homelab.operations.target.lab_options import LabOptions
from homelab.operations.target.target import Target, open_target
from homelab.settings import Environment, Settings

_PRODUCTION = '[targets.production]\nkind = "proxmox"\napi_url = "https://pve.example:8006"\n'
_TOKEN = {"PM_API_TOKEN_ID": "root@pam!ci", "PM_API_TOKEN_SECRET": "s3cret"}


def _settings(directory: Path, text: str = _PRODUCTION, **values: str) -> Settings:
    (directory / "homelab.toml").write_text(text, encoding="utf-8")
    return settings.load(directory, environment=Environment.read(values))


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    loaded = _settings(tmp_path, PM_API_URL="https://other.example:8006/api2/json", **_TOKEN)

    target = open_target(loaded, "production")

    assert target.api_url == "https://other.example:8006/api2/json"
    assert target.environment["PM_API_URL"] == target.api_url


def test_token_leaves_no_password_beside_it(tmp_path: Path) -> None:
    loaded = _settings(tmp_path, PM_USER="root@pam", PM_PASS="hunter2", **_TOKEN)

    target = open_target(loaded, "production")

    assert target.environment["PM_API_TOKEN_ID"] == "root@pam!ci"
    assert target.environment["PM_PASS"] == ""
    assert "s3cret" not in repr(target)


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        (_PRODUCTION, {}, "has no credentials"),
        (_PRODUCTION, {"PM_USER": "root@pam"}, "has no credentials"),
        ('[targets.production]\nkind = "proxmox"\n', _TOKEN, "has no API address"),
        (_PRODUCTION + 'ca_file = "none.pem"\n', _TOKEN, "no CA file at"),
        (_PRODUCTION + 'ssh_key = "none"\n', _TOKEN, "can't read the public key"),
    ],
)
def test_what_is_not_set_is_named(
    tmp_path: Path, text: str, values: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        open_target(_settings(tmp_path, text, **values), "production")


def test_lab_options_are_refused_for_a_real_node(tmp_path: Path) -> None:
    loaded = _settings(tmp_path, **_TOKEN)

    with pytest.raises(ConfigurationError, match="--runtime"):
        open_target(loaded, "production", options=LabOptions(runtime="memory"))


def _target(**values: object) -> Target:
    fields: dict[str, object] = {
        "name": "x",
        "kind": "proxmox",
        "api_url": "https://pve.example:8006",
        "environment": {},
        "variables": {},
    }
    return Target(**{**fields, **values})  # type: ignore[arg-type]


def test_containers_of_a_real_node_are_reached_from_here() -> None:
    assert _target().network_namespace() is None


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "127.1.2.3"])
def test_containers_behind_an_api_on_loopback_are_never_dialled(host: str) -> None:
    target = _target(api_url=f"https://{host}:8006/api2/json")

    with pytest.raises(CapabilityError, match="loopback"):
        target.network_namespace()


def test_memory_runtime_has_no_network() -> None:
    with pytest.raises(CapabilityError, match="keeps state only"):
        _target(kind="lab", runtime="memory").network_namespace()


_STORED = _PRODUCTION + 'state = "pg"\n'
_CONNECTION = "postgres://homelab:hunter2@db.example/homelab"


def test_remote_state_needs_a_database_in_the_environment(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="PG_CONN_STR is not set"):
        open_target(_settings(tmp_path, _STORED, **_TOKEN), "production")


def test_schema_of_the_environment_wins_and_the_password_is_not_shown(tmp_path: Path) -> None:
    values = {**_TOKEN, "PG_CONN_STR": _CONNECTION}
    target = open_target(_settings(tmp_path, _STORED, **values), "production")
    other = open_target(
        _settings(tmp_path, _STORED, **values, PG_SCHEMA_NAME="other"), "production"
    )

    assert (target.state_schema, other.state_schema) == ("homelab", "other")
    assert target.environment["PG_CONN_STR"] == _CONNECTION
    assert "hunter2" not in repr(target)
    assert open_target(_settings(tmp_path, **values), "production").state_schema is None


@pytest.mark.parametrize("schema", ["", "a b", 'a"', "a" * 64])
def test_schema_is_a_name(tmp_path: Path, schema: str) -> None:
    with pytest.raises(ConfigurationError, match="state_schema"):
        _settings(tmp_path, f"{_STORED}state_schema = '{schema}'\n")


def test_ca_is_trusted_by_terraforms_provider_too(tmp_path: Path) -> None:
    (tmp_path / "pve.pem").write_text("PVE\n")
    (tmp_path / "proxy.pem").write_text("PROXY")
    text = _PRODUCTION + 'ca_file = "pve.pem"\n'

    alone = open_target(_settings(tmp_path, text, **_TOKEN), "production").environment
    more = {"SSL_CERT_FILE": str(tmp_path / "proxy.pem")}
    both = open_target(_settings(tmp_path, text, **_TOKEN, **more), "production").environment
    none = open_target(_settings(tmp_path, _PRODUCTION, **_TOKEN, **more), "production").environment

    assert alone["SSL_CERT_FILE"] == alone["HOMELAB_CA_FILE"] == str(tmp_path / "pve.pem")
    assert Path(both["SSL_CERT_FILE"]).read_text() == "PROXY\nPVE\n"
    assert both["HOMELAB_CA_FILE"] == str(tmp_path / "pve.pem")
    assert "SSL_CERT_FILE" not in none
