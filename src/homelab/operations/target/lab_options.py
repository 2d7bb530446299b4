"""Finding the lab that a command means."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from homelab import settings as settings_module
from homelab.errors import ConfigurationError
from homelab.options.lab import LabOptions, LabSettings
from homelab.options.option import ranked
from homelab.settings import (
    Environment,
    LabTarget,
    Settings,
    lab_state_directory,
)

if TYPE_CHECKING:
    from homelab.lab import Lab


_INFO = "lab.json"


def lab_target(settings: Settings | None) -> LabTarget:
    """The lab's section of homelab.toml; an empty one where there is no project."""
    if settings is not None:
        for target in settings.targets.values():
            if isinstance(target, LabTarget):
                return target
    return LabTarget(kind="lab")


def lab_settings(options: LabOptions, target: LabTarget, environment: Environment) -> LabSettings:
    """Where the lab is: by the options, else the environment, else the files, else the defaults."""
    by_user = LabOptions(state=lab_state_directory(environment))
    chosen = ranked(LabSettings, options, environment, target, by_user)
    return replace(chosen, state=chosen.state.absolute())


def lab_around(options: LabOptions) -> LabSettings:
    """The same for the project around the working directory, and outside of one."""
    return lab_settings(options, lab_target(settings_if_any()), Environment.read())


def settings_if_any(project: Path | None = None) -> Settings | None:
    """The settings of the project around the working directory; None outside of one.

    Raises:
        ConfigurationError: `project` was given and is none, or a settings file is not valid.
    """
    environment = Environment.read()
    try:
        directory = settings_module.find_project(project or environment.project)
    except ConfigurationError:
        if project is not None:
            raise
        return None
    return settings_module.load(directory, environment=environment)


def open_lab(chosen: LabSettings, *, on_progress: Callable[[str], None] | None = None) -> Lab:
    """The lab at that place; nothing is started."""
    from homelab.lab import Lab

    return Lab(**asdict(chosen), on_progress=on_progress)


def is_at(chosen: LabSettings) -> bool:
    """Whether there is a lab at that very place; one that can't be looked at is one."""
    return _holds_lab(chosen.state)


def belongs_to_root(chosen: LabSettings) -> bool:
    """Whether the lab meant is root's and this process is not root.

    That is the one at `chosen`, or, where nothing named a place and there is none, the machine's.
    """
    if os.geteuid() == 0:
        return False
    if is_at(chosen):
        return not os.access(chosen.state / _INFO, os.R_OK)
    nothing_named = chosen.state == lab_state_directory(Environment())
    return nothing_named and _holds_lab(settings_module.SYSTEM_STATE)


def _holds_lab(state: Path) -> bool:
    try:
        return (state / _INFO).exists()
    except PermissionError:
        return True
