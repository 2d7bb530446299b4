"""Whose a project's files are after something ran as root in it."""

from __future__ import annotations

from pathlib import Path

from homelab.errors import ConfigurationError
from homelab.handover import hand_over
from homelab.process import process_began
from homelab.settings import Environment, cache_directory, find_project


def give_back(project: Path, environment: Environment) -> None:
    """Give what this process wrote into the project to the user who called sudo, if one did."""
    if environment.sudo_owner is not None:
        cache = cache_directory(environment)
        hand_over(project, environment.sudo_owner, since=process_began(), apart=(cache,))


def give_back_around(place: Path | None) -> None:
    """The same for the project at `place`, or for the one around the working directory."""
    environment = Environment.read()
    if environment.sudo_owner is None:
        return
    try:
        project = find_project(place or environment.project)
    except (ConfigurationError, OSError):  # none, or the working directory is gone
        return
    give_back(project, environment)
