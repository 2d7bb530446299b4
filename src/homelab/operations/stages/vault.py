"""The secrets that the services ask for: made at random for a lab, given by people elsewhere."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from homelab.clients.ansible.vault import decrypt, encrypt
from homelab.errors import ConfigurationError
from homelab.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from homelab.model.topology import Topology

VARIABLE = "homelab_secrets"
"""The variable of Ansible that maps container and name to the value."""

Secrets = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """An encrypted file of variables and, where it is known, the file with its password."""

    path: Path
    password_file: Path | None


def lab_vault(topology: Topology, state: Path) -> Vault:
    """The lab's vault in its state directory, with a random value for every declared secret.

    Values stay the same from run to run; those that nothing declares any more are dropped.

    Raises:
        ConfigurationError: the vault is there but can't be read with the lab's password.
    """
    directory = state / "secrets"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    password_file = directory / "password"
    if not password_file.is_file():
        replace_file(password_file, secrets.token_urlsafe(32) + "\n", mode=0o600)
    password = password_file.read_text(encoding="utf-8").strip()
    vault = Vault(path=directory / "vault.yml", password_file=password_file)
    index = directory / "names.json"
    wanted = _names(topology)
    if vault.path.is_file() and _read_index(index) == wanted:
        return vault
    known = read(vault.path, password) if vault.path.is_file() else {}
    # 32 hexadecimal digits: what an API key of the servarr programs and Laravel's key look like.
    values = {
        container: {
            name: known.get(container, {}).get(name) or secrets.token_hex(16) for name in names
        }
        for container, names in wanted.items()
    }
    encrypted = encrypt(yaml.safe_dump({VARIABLE: values}), password)
    replace_file(vault.path, encrypted, mode=0o600)
    replace_file(index, json.dumps(wanted), mode=0o600)
    return vault


def given_vault(topology: Topology, path: Path, *, password_file: Path | None = None) -> Vault:
    """The vault that people keep for a real node, checked where its password is known.

    Raises:
        ConfigurationError: no such file though secrets are declared, the password is another, or
            values are missing; all of them are listed.
    """
    vault = Vault(path=path, password_file=password_file)
    wanted = _names(topology)
    if not path.is_file():
        raise ConfigurationError(
            f"there is no vault at {path}, but {_count(wanted)} secrets are declared:\n"
            + _listing(wanted),
            hint=f"make it with 'ansible-vault create {path}'; ansible/group_vars/README.md shows it",
        )
    if password_file is None:
        return vault
    if not password_file.is_file():
        raise ConfigurationError(f"there is no vault password file at {password_file}")
    password = password_file.read_text(encoding="utf-8").strip()
    if missing := missing_secrets(topology, read(path, password)):
        raise ConfigurationError(
            f"{path} has no value for {_count(missing)} secrets:\n{_listing(missing)}",
            hint=f"add them with 'ansible-vault edit {path}'",
        )
    return vault


def read(path: Path, password: str) -> Secrets:
    """The secrets in a vault.

    Raises:
        ConfigurationError: the password is another, or the file holds something else.
    """
    try:
        text = decrypt(path.read_text(encoding="utf-8"), password)
        data = yaml.safe_load(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error.message}", hint=error.hint) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} holds no valid YAML once it is decrypted") from error
    values = data.get(VARIABLE) if isinstance(data, dict) else None
    if not isinstance(values, dict) or not all(isinstance(item, dict) for item in values.values()):
        raise ConfigurationError(
            f"{path} does not map {VARIABLE} to containers and their values",
            hint="ansible/group_vars/README.md shows the form",
        )
    return {
        str(container): {str(name): str(value) for name, value in item.items() if value is not None}
        for container, item in values.items()
    }


def missing_secrets(topology: Topology, values: Secrets) -> dict[str, list[str]]:
    """The declared secrets without a value, by container."""
    return {
        container: missing
        for container, names in _names(topology).items()
        if (missing := [name for name in names if not values.get(container, {}).get(name)])
    }


def _names(topology: Topology) -> dict[str, list[str]]:
    return {
        container.name: sorted(container.service.secrets)
        for container in topology
        if container.service.secrets
    }


def _read_index(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _count(names: Mapping[str, list[str]]) -> int:
    return sum(len(items) for items in names.values())


def _listing(names: Mapping[str, list[str]]) -> str:
    return "\n".join(f"  {container}: {', '.join(items)}" for container, items in names.items())
