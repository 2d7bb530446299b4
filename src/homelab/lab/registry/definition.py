"""What `images/services.toml` says: the service images that are built from Debian's packages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from homelab.lab.images.definition import definitions_directory, read_definition


class PackagedImage(BaseModel):
    """An image that runs a real program out of Debian packages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    packages: tuple[str, ...] = Field(min_length=1)
    """The first is the program's own; each becomes one layer, dependencies are not resolved."""
    entrypoint: tuple[str, ...]
    command: tuple[str, ...] = ()
    user: str = Field(default="", pattern=r"^(\d+:\d+)?$")
    workdir: str = "/"
    directories: tuple[str, ...] = ()
    """Made in the image and owned by `user`."""


class ServiceDefinitions(BaseModel):
    """All of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str
    shell: str
    """The package of a static BusyBox."""
    image: Mapping[str, PackagedImage] = Field(default_factory=dict)
    """By repository, without the tag."""


def load_service_definitions(path: Path | None = None) -> ServiceDefinitions:
    """Read the definitions.

    Raises:
        ConfigurationError: the file is missing or wrong.
    """
    return read_definition(path or definitions_directory() / "services.toml", ServiceDefinitions)
