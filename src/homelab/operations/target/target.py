"""A target, opened: where its API is, with which credentials, and how its containers are reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from homelab.errors import CapabilityError, ConfigurationError
from homelab.files import replace_file
from homelab.operations.target.lab_options import lab_settings, open_lab
from homelab.operations.target.worker import this_process
from homelab.options.lab import LabOptions
from homelab.settings import Environment, LabTarget, ProxmoxTarget, Settings

if TYPE_CHECKING:
    from homelab.lab import LabInfo

_TERRAFORM_NAMES = (
    "PM_API_URL",
    "PM_USER",
    "PM_PASS",
    "PM_API_TOKEN_ID",
    "PM_API_TOKEN_SECRET",
    "HOMELAB_CA_FILE",
    "TF_CLI_CONFIG_FILE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Everything that an operation needs to know about where it works."""

    name: str
    kind: Literal["lab", "proxmox"]
    runtime: str | None = None
    """`lxc` or `memory` for a lab; None for a real node."""
    api_url: str
    environment: Mapping[str, str] = field(repr=False)
    """What Terraform and its provider read; holds credentials."""
    variables: Mapping[str, str]
    """Values for Terraform's root variables."""
    ssh_user: str = "root"
    ssh_key: Path | None = None
    netns: Path | None = None
    lab_state: Path | None = None
    lab_cache: Path | None = None
    registry: str | None = None
    """Where the lab's containers pull images from, such as 10.10.0.1:5000; None for upstream."""
    notes: tuple[str, ...] = ()
    state_schema: str | None = None
    """The PostgreSQL schema that holds Terraform's state; None for a local state."""

    @property
    def is_lab(self) -> bool:
        return self.kind == "lab"

    @property
    def out_of_reach(self) -> str | None:
        """Why no container of this target can be reached over the network; None when they can.

        A lab's addresses mean something inside its namespace alone. So they are never dialled from
        here, also not when a lab's API is given as the address of a real node.
        """
        if self.runtime == "memory":
            return "the memory runtime keeps state only, no container runs"
        if not self.is_lab and _is_loopback(self.api_url):
            return "the API is on this machine's loopback, so its containers are not on the network"
        return None

    def network_namespace(self) -> Path | None:
        """The namespace from which the containers are reached; None for this process's own.

        Raises:
            CapabilityError: they can't be reached.
        """
        why = self.out_of_reach
        if why is not None:
            raise CapabilityError(
                f"target {self.name!r}: {why}",
                hint="a lab that runs containers needs root; use it as the target 'lab'",
            )
        return self.netns


def open_target(
    settings: Settings,
    name: str | None = None,
    *,
    options: LabOptions | None = None,
    start: bool = True,
    on_progress: Callable[[str], None] | None = None,
) -> Target:
    """The target of that name; a lab is started when it is not running, unless `start` is false.

    Raises:
        ConfigurationError: unknown target, or something about it is not set.
        UnreachableError: the lab does not run and was not to be started.
    """
    wanted, section = settings.target(name)
    match section:
        case LabTarget():
            chosen = lab_settings(options or LabOptions(), section, settings.environment)
            lab = open_lab(chosen, on_progress=on_progress)
            info = lab.up() if start else lab.info()
            return lab_as_target(info, lab.env(), name=wanted)
        case ProxmoxTarget():
            if options is not None and options != LabOptions():
                raise ConfigurationError(
                    f"target {wanted!r} is a real node; --runtime, --listen and --state are the lab's"
                )
            return _proxmox(wanted, section, settings.environment, settings.project)


def lab_as_target(info: LabInfo, environment: Mapping[str, str], *, name: str = "lab") -> Target:
    """A lab that is up as a target."""
    key = Path(info.ssh_key) if info.ssh_key else None
    return Target(
        name=name,
        kind="lab",
        runtime=str(info.runtime),
        api_url=info.api_url,
        environment={key: environment[key] for key in _TERRAFORM_NAMES if key in environment},
        variables=_variables(
            {
                "target_node": info.node,
                "storage": info.storage,
                "template": info.template,
                "ssh_public_keys": _public_key(key),
                "protect": "false",
            }
        ),
        ssh_key=key,
        netns=Path(info.netns) if info.netns else None,
        lab_state=Path(info.state_dir),
        lab_cache=Path(info.cache_dir),
        registry=_registry(info),
        notes=tuple(info.notes),
    )


def _registry(info: LabInfo) -> str | None:
    if info.netns is None:
        return None
    from homelab.lab.runtimes.lxc.runtime import REGISTRY_PORT

    address = next(iter(info.bridges.values())).partition("/")[0]
    return f"{address}:{REGISTRY_PORT}"


def _proxmox(name: str, section: ProxmoxTarget, environment: Environment, project: Path) -> Target:
    url = section.api_url
    if url is None:
        raise ConfigurationError(
            f"target {name!r} has no API address",
            hint=f"set PM_API_URL, or api_url in [targets.{name}] of homelab.toml",
        )
    credentials = _credentials(name, environment)
    ca_file = _from(project, section.ca_file)
    if ca_file is not None and not ca_file.is_file():
        raise ConfigurationError(f"target {name!r}: there is no CA file at {ca_file}")
    key = _from(project, section.ssh_key)
    return Target(
        name=name,
        kind="proxmox",
        api_url=url,
        environment={
            "PM_API_URL": url,
            **credentials,
            **(_trusting(project, ca_file, environment) if ca_file else {}),
            **_database(name, section, environment),
        },
        variables=_variables(
            {
                "target_node": section.node,
                "storage": section.storage,
                "template": section.template,
                "ssh_public_keys": _public_key(key),
                "protect": "true",  # whatever a lab's exports in this shell say
                "tls_insecure": "true" if section.tls_insecure else None,
            }
        ),
        ssh_user=section.ssh_user,
        ssh_key=key,
        state_schema=state_schema(section),
    )


def _trusting(project: Path, ca_file: Path, environment: Environment) -> dict[str, str]:
    """Have homelab's clients and Terraform's provider trust a CA besides what they trust anyway.

    Telmate's provider is a Go program: it knows the system's CAs and those in SSL_CERT_FILE. Where
    that names something else already, a bundle of both below build/ takes its place.
    """
    trusted = ca_file
    others = environment.ssl_cert_file
    if others is not None and others.is_file() and not others.samefile(ca_file):
        trusted = project / "build" / "ca-bundle.pem"
        trusted.parent.mkdir(exist_ok=True)
        both = others.read_bytes().rstrip() + b"\n" + ca_file.read_bytes()
        replace_file(trusted, both, by_several=True)
    return {"HOMELAB_CA_FILE": str(ca_file), "SSL_CERT_FILE": str(trusted)}


def state_schema(section: LabTarget | ProxmoxTarget) -> str | None:
    """The PostgreSQL schema of a target's state; None where the state is local, as a lab's is."""
    if isinstance(section, ProxmoxTarget) and section.state == "pg":
        return section.state_schema
    return None


def _database(name: str, section: ProxmoxTarget, environment: Environment) -> dict[str, str]:
    """What Terraform's pg backend reads; the session's name tells others who holds a lock."""
    if section.state != "pg":
        return {}
    return {
        "PG_CONN_STR": connection_string(name, environment),
        "PGAPPNAME": this_process().application_name(),
    }


def connection_string(name: str, environment: Environment) -> str:
    """How the database of a target's state is reached.

    Raises:
        ConfigurationError: the environment does not say it.
    """
    if environment.pg_conn_str is None:
        raise ConfigurationError(
            f"the state of target {name!r} is in PostgreSQL, and PG_CONN_STR is not set",
            hint="export PG_CONN_STR=postgres://USER:PASSWORD@HOST/DATABASE; "
            "see docs/remote-state.md",
        )
    return environment.pg_conn_str


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _credentials(name: str, environment: Environment) -> dict[str, str]:
    """A token when there is one, else a password; both would leave the choice to the provider."""
    token = {
        "PM_API_TOKEN_ID": environment.pm_api_token_id or "",
        "PM_API_TOKEN_SECRET": environment.pm_api_token_secret or "",
    }
    user = {"PM_USER": environment.pm_user or "", "PM_PASS": environment.pm_pass or ""}
    if all(token.values()):
        return token | dict.fromkeys(user, "")
    if all(user.values()):
        return user | dict.fromkeys(token, "")
    raise ConfigurationError(
        f"target {name!r} has no credentials",
        hint="set PM_API_TOKEN_ID and PM_API_TOKEN_SECRET, or PM_USER and PM_PASS",
    )


def _public_key(private: Path | None) -> str | None:
    if private is None:
        return None
    public = private.with_name(private.name + ".pub")
    try:
        return public.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(
            f"can't read the public key {public}: {error.strerror}",
            hint=f"make it with: ssh-keygen -y -f {private} > {public}",
        ) from error


def _variables(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _from(project: Path, path: Path | None) -> Path | None:
    return None if path is None else project / path.expanduser()
