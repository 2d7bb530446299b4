"""What a running lab tells its clients, in a file that only its user can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Self

from homelab.errors import ConfigurationError
from homelab.files import replace_file
from homelab.process import is_alive

FILE_NAME = "lab.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabInfo:
    """Where the lab is and how to use it."""

    pid: int
    start_time: int
    """When the server began, in clock ticks after boot: tells it from a later process."""
    runtime: str
    node: str
    api_url: str
    """On the host: https://127.0.0.1:8006/api2/json."""
    inside_api_url: str | None
    """Inside the node's network namespace; None without one."""
    ca_file: str
    user: str
    password: str = field(repr=False)
    token_id: str
    token_secret: str = field(repr=False)
    storage: str
    template: str
    netns: str | None
    """The node's network namespace, such as /proc/PID/ns/net."""
    mntns: str | None
    ssh_key: str
    """A private key; its public part is for the containers' root."""
    bridges: Mapping[str, str]
    state_dir: str
    cache_dir: str
    notes: tuple[str, ...] = ()
    """What this lab can't do here, one sentence each."""
    nodes: int = 1
    """How many nodes the cluster has."""
    release: str = ""
    """The release that it is, such as 9.1.1."""
    resources_lag: float = 0.0
    """Seconds that /cluster/resources lags behind."""

    @property
    def is_alive(self) -> bool:
        return is_alive(self.pid, start_time=self.start_time)

    @classmethod
    def load(cls, state: Path) -> Self | None:
        """Read the file; None when there is none that is whole.

        Raises:
            ConfigurationError: it belongs to another user.
        """
        path = state / FILE_NAME
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            known = {item.name for item in fields(cls)}
            values = {key: value for key, value in data.items() if key in known}
            return cls(**{**values, "notes": tuple(values.get("notes", ()))})
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, AttributeError):
            return None
        except PermissionError as error:
            raise ConfigurationError(
                f"the lab in {state} belongs to another user",
                hint="run this as that user (with sudo), or choose another directory with --state",
            ) from error

    def save(self) -> None:
        """Write the file, whole or not at all."""
        text = json.dumps(asdict(self), indent=1)
        replace_file(Path(self.state_dir) / FILE_NAME, text, mode=0o600)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabStatus:
    """Whether a lab runs, and what is in it."""

    state_dir: Path
    exists: bool
    """Whether there is any state."""
    running: bool
    info: LabInfo | None = None
    containers: int = 0
    containers_running: int = 0
