"""Settings: homelab.toml names the targets, the environment adds credentials and overrides.

Precedence, highest first: an option of the command line, the environment, homelab.local.toml (kept
out of version control), homelab.toml, the option's default (`homelab.options.declared`). Secrets
come from the environment alone. This module is the only reader of the environment;
`homelab.process` passes it on.
"""

# No `from __future__ import annotations`: annotations are read here, and texts would be evaluated.

import os
import pwd
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from homelab.errors import ConfigurationError
from homelab.options import declared
from homelab.options.declared import ImagesChoice, RuntimeChoice, StateChoice
from homelab.options.option import fields_of, options_of, said

DEFAULT_TARGET = str(declared.TARGET.default)
GITHUB_API = "https://api.github.com"
SETTINGS_FILES = ("homelab.toml", "homelab.local.toml")

SYSTEM_STATE = Path("/var/lib/homelab/lab")
"""Where root's lab keeps its state unless told otherwise."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class LabTarget(_Section):
    """The embedded node; its address and credentials are its own. None: nothing is said."""

    kind: Literal["lab"]
    runtime: Annotated[RuntimeChoice | None, declared.RUNTIME] = None
    listen: Annotated[str | None, declared.LISTEN] = None
    state: Annotated[Path | None, declared.STATE] = None
    images: Annotated[ImagesChoice, declared.IMAGES] = "lab"


class ProxmoxTarget(_Section):
    """A real Proxmox VE node."""

    kind: Literal["proxmox"]
    api_url: Annotated[str | None, declared.API_URL] = None
    ca_file: Annotated[Path | None, declared.CA_FILE] = None
    tls_insecure: Annotated[bool, declared.TLS_INSECURE] = False
    node: Annotated[str | None, declared.NODE] = None
    storage: Annotated[str | None, declared.STORAGE] = None
    template: Annotated[str | None, declared.TEMPLATE] = None
    ssh_user: Annotated[str, declared.SSH_USER] = "root"
    ssh_key: Annotated[Path | None, declared.SSH_KEY] = None
    vault_password_file: Annotated[Path | None, declared.VAULT_PASSWORD_FILE] = None
    state: Annotated[StateChoice, declared.TERRAFORM_STATE] = "local"
    state_schema: Annotated[
        str, declared.STATE_SCHEMA, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    ] = "homelab"


TargetSettings = Annotated[LabTarget | ProxmoxTarget, Field(discriminator="kind")]


class NodeSize(_Section):
    """What a node has."""

    cores: Annotated[int, Field(ge=1)]
    memory: str
    """Such as 64G."""


class WaiverSettings(_Section):
    """A finding of the policy that is accepted until a day."""

    rule: str
    item: str
    reason: Annotated[str, Field(min_length=10)]
    expires: date


class PolicySettings(_Section):
    """What the policy's rules measure a plan by."""

    nodes: dict[str, NodeSize] = Field(default_factory=dict)
    storages: dict[str, str] = Field(default_factory=dict)
    """Sizes by name, such as 2T."""
    memory_ratio: Annotated[float, Field(gt=0)] = 1.0
    cores_ratio: Annotated[float, Field(gt=0)] = 4.0
    storage_ratio: Annotated[float, Field(gt=0)] = 1.0
    waivers: tuple[WaiverSettings, ...] = ()


class _File(_Section):
    default_target: Annotated[str, declared.TARGET] = DEFAULT_TARGET
    policy: PolicySettings = PolicySettings()
    targets: dict[str, TargetSettings] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the environment says; None where it says nothing."""

    pm_api_url: Annotated[str | None, declared.API_URL] = None
    pm_user: Annotated[str | None, declared.USER] = None
    pm_pass: Annotated[str | None, declared.PASSWORD] = field(default=None, repr=False)
    pm_api_token_id: Annotated[str | None, declared.API_TOKEN_ID] = None
    pm_api_token_secret: Annotated[str | None, declared.API_TOKEN_SECRET] = field(
        default=None, repr=False
    )
    ca_file: Annotated[Path | None, declared.CA_FILE] = None
    ssl_cert_file: Annotated[Path | None, declared.SSL_CERT_FILE] = None
    vault_password_file: Annotated[Path | None, declared.VAULT_PASSWORD_FILE] = None
    pg_conn_str: Annotated[str | None, declared.PG_CONN_STR] = field(default=None, repr=False)
    pg_schema_name: Annotated[str | None, declared.STATE_SCHEMA] = None
    project: Annotated[Path | None, declared.PROJECT] = None
    lab_state: Annotated[Path | None, declared.STATE] = None
    lab_address: Annotated[str | None, declared.LISTEN] = None
    cache: Annotated[Path | None, declared.CACHE] = None
    ntfy_url: Annotated[str | None, declared.NTFY_URL] = field(default=None, repr=False)
    ci: bool = False
    sudo_owner: tuple[int, int] | None = None
    """The user and group that called sudo; files in the project are given back to them."""

    @property
    def sudo_user(self) -> int | None:
        """The id of the user who called sudo."""
        return None if self.sudo_owner is None else self.sudo_owner[0]

    @classmethod
    def read(cls, values: Mapping[str, str] | None = None) -> Self:
        """Read this process's environment, or `values` in its place; an empty one says nothing."""
        source: Mapping[str, str] = os.environ if values is None else values
        given: dict[str, Any] = {}
        for name, option in options_of(cls).items():
            if text := source.get(option.variable or ""):
                is_path = fields_of(cls)[name].kind is Path
                given[name] = Path(text).expanduser().absolute() if is_path else text
        given["ci"] = source.get("CI", "").lower() in {"1", "true", "yes"}
        uid, gid = source.get("SUDO_UID", ""), source.get("SUDO_GID", "")
        if uid.isdigit() and gid.isdigit() and int(uid) != 0:
            given["sudo_owner"] = (int(uid), int(gid))
        return cls(**given)


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubEnvironment:
    """What GitHub Actions says about the job; the same names work by hand."""

    api_url: str = GITHUB_API
    repository: str | None = None
    """OWNER/NAME."""
    token: str | None = field(default=None, repr=False)
    event: Path | None = None
    """The JSON of what started the workflow."""
    run_url: str | None = None
    """The page of the workflow's run."""

    @classmethod
    def read(cls, values: Mapping[str, str] | None = None) -> Self:
        """Read this process's environment, or `values` in its place."""
        source: Mapping[str, str] = os.environ if values is None else values
        repository, run = source.get("GITHUB_REPOSITORY"), source.get("GITHUB_RUN_ID")
        server = source.get("GITHUB_SERVER_URL", "https://github.com")
        event = source.get("GITHUB_EVENT_PATH")
        return cls(
            api_url=source.get("GITHUB_API_URL") or GITHUB_API,
            repository=repository or None,
            token=source.get("GITHUB_TOKEN") or None,
            event=Path(event) if event else None,
            run_url=f"{server}/{repository}/actions/runs/{run}" if repository and run else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The project's directory, its targets and what the environment adds."""

    project: Path
    default_target: str
    targets: Mapping[str, LabTarget | ProxmoxTarget]
    environment: Environment
    policy: PolicySettings = field(default_factory=PolicySettings)

    def target(self, name: str | None = None) -> tuple[str, LabTarget | ProxmoxTarget]:
        """The target of that name (the default one for None) and its name.

        Raises:
            ConfigurationError: there is none; the message lists those that exist.
        """
        wanted = name or self.default_target
        found = self.targets.get(wanted)
        if found is None:
            known = ", ".join(sorted(self.targets))
            raise ConfigurationError(
                f"unknown target {wanted!r}; homelab.toml knows: {known}",
                hint=f"name one of these, or add [targets.{wanted}] to homelab.toml",
            )
        return wanted, found


def load(project: Path | None = None, *, environment: Environment | None = None) -> Settings:
    """Read the settings of the project at `project`, else of the one around the working directory.

    Raises:
        ConfigurationError: no project, or a file is not valid; every problem is named.
    """
    env = environment or Environment.read()
    directory = find_project(project or env.project)
    merged: dict[str, Any] = {}
    for name in SETTINGS_FILES:
        merged = _merged(merged, _read(directory / name))
    try:
        parsed = _File.model_validate(merged)
    except ValidationError as error:
        from homelab.wording import listed

        raise ConfigurationError(
            f"{directory / SETTINGS_FILES[0]} is not valid:{listed(map(_problem, error.errors()))}",
            hint="see the commented homelab.toml of the project",
        ) from error
    targets = {
        name: target if isinstance(target, LabTarget) else _with_environment(target, env)
        for name, target in {DEFAULT_TARGET: LabTarget(kind="lab"), **parsed.targets}.items()
    }
    if parsed.default_target not in targets:
        raise ConfigurationError(
            f"default_target {parsed.default_target!r} is none of: {', '.join(sorted(targets))}"
        )
    return Settings(
        project=directory,
        default_target=parsed.default_target,
        targets=targets,
        environment=env,
        policy=parsed.policy,
    )


def find_project(start: Path | None = None) -> Path:
    """The nearest directory upwards that holds homelab.toml or terraform/.

    A directory that is given is taken as it is, and only checked.

    Raises:
        ConfigurationError: there is none.
    """
    here = (start or Path.cwd()).absolute()
    candidates = [here] if start is not None else [here, *here.parents]
    for directory in candidates:
        if (directory / SETTINGS_FILES[0]).is_file() or (directory / "terraform").is_dir():
            return directory
    raise ConfigurationError(
        f"no homelab project at {here}: neither homelab.toml nor terraform/ is there",
        hint="run this in the project's directory, or pass --project DIRECTORY",
    )


def lab_state_directory(environment: Environment | None = None) -> Path:
    """Where the lab keeps its state: HOMELAB_LAB_STATE, else by who runs it."""
    said = (environment or Environment.read()).lab_state
    if os.geteuid() == 0:
        return said or SYSTEM_STATE
    return said or _user_directory("XDG_STATE_HOME", ".local/state") / "homelab" / "lab"


def cache_directory(environment: Environment | None = None) -> Path:
    """Where images are cached: HOMELAB_CACHE, else by who runs it."""
    said = (environment or Environment.read()).cache
    if os.geteuid() == 0:
        return said or Path("/var/cache/homelab")
    return said or _user_directory("XDG_CACHE_HOME", ".cache") / "homelab"


def _with_environment(target: ProxmoxTarget, environment: Environment) -> ProxmoxTarget:
    """A target with what the environment says laid over what the files say."""
    values = {
        name: value
        for name, option in options_of(ProxmoxTarget).items()
        if (value := said(environment, option)) is not None
    }
    return target.model_copy(update=values)


def _user_directory(variable: str, default: str) -> Path:
    if value := os.environ.get(variable):
        return Path(value)
    return Path(os.environ.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir) / default


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}") from error
    except OSError as error:
        raise ConfigurationError(f"can't read {path}: {error.strerror}") from error


def _merged(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in top.items():
        below = result.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        result[key] = _merged(below or {}, value) if both else value
    return result


def _problem(item: ErrorDetails) -> str:
    """Place, value and what is wrong; not the value of a key that does not exist: it may be secret."""
    place = ".".join(str(part) for part in item["loc"])
    value = item["input"]
    is_shown = item["type"] != "extra_forbidden" and isinstance(value, str | int | float)
    return f"{place} = {value!r}: {item['msg']}" if is_shown else f"{place}: {item['msg']}"
