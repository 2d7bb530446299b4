"""Finding the lab that a command means: options, then the environment, then homelab.toml."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from homelab import settings as settings_module
from homelab.errors import ConfigurationError
from homelab.settings import LabTarget, RuntimeChoice, Settings

if TYPE_CHECKING:
    from homelab.lab import Lab


_INFO = "lab.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabOptions:
    """What a command line may say about the lab; None where it says nothing."""

    runtime: RuntimeChoice | None = None
    listen: str | None = None
    state: Path | None = None
    nodes: int | None = None
    pve_version: str | None = None
    resources_lag: float | None = None
    request_log: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPlace:
    """Where the lab is, and how it runs containers."""

    runtime: RuntimeChoice
    listen: str
    state: Path
    nodes: int | None = None
    """How many nodes; None: as before, or one."""
    pve_version: str | None = None
    """The release that the lab is; None: as before, or 9."""
    resources_lag: float | None = None
    """Seconds that /cluster/resources lags behind; None: not at all."""
    request_log: Path | None = None
    """A file that every request is noted in."""


def lab_target(settings: Settings | None) -> LabTarget:
    """The lab's section of homelab.toml; its defaults where there is no project."""
    if settings is not None:
        for target in settings.targets.values():
            if isinstance(target, LabTarget):
                return target
    return LabTarget(kind="lab")


def lab_place(
    options: LabOptions, target: LabTarget, environment: settings_module.Environment
) -> LabPlace:
    """Where the lab is by precedence."""
    state = options.state or environment.lab_state or target.state
    return LabPlace(
        runtime=options.runtime or target.runtime,
        listen=options.listen or environment.lab_address or target.listen,
        state=(state or settings_module.lab_state_directory(environment)).absolute(),
        nodes=options.nodes,
        pve_version=options.pve_version,
        resources_lag=options.resources_lag,
        request_log=options.request_log,
    )


def settings_if_any(project: Path | None = None) -> Settings | None:
    """The settings of the project around the working directory; None outside of one.

    Raises:
        ConfigurationError: `project` was given and is none, or a settings file is not valid.
    """
    environment = settings_module.Environment.read()
    try:
        directory = settings_module.find_project(project or environment.project)
    except ConfigurationError:
        if project is not None:
            raise
        return None
    return settings_module.load(directory, environment=environment)


def open_lab(place: LabPlace, *, on_progress: Callable[[str], None] | None = None) -> Lab:
    """The lab at that place; nothing is started."""
    from homelab.lab import Lab

    return Lab(
        state=place.state,
        runtime=place.runtime,
        listen=place.listen,
        nodes=place.nodes,
        pve_version=place.pve_version,
        resources_lag=place.resources_lag,
        request_log=place.request_log,
        on_progress=on_progress,
    )


def is_at(place: LabPlace) -> bool:
    """Whether there is a lab at that very place."""
    return (place.state / _INFO).exists()


def belongs_to_root(place: LabPlace) -> bool:
    """Whether the lab meant is root's and this process is not root.

    That is the one at `place`, or, where nothing named a place and there is none, the machine's.
    """
    if os.geteuid() == 0:
        return False
    if is_at(place):
        return not os.access(place.state / _INFO, os.R_OK)
    nothing_named = place.state == settings_module.lab_state_directory(
        settings_module.Environment()
    )
    return nothing_named and (settings_module.SYSTEM_STATE / _INFO).exists()
