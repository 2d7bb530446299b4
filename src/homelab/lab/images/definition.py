"""Template definitions: what `images/*.toml` says, as values."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from homelab.errors import ConfigurationError

Definition = TypeVar("Definition", bound=BaseModel)
_FORMAT = 1
"""Counts changes of the builder that make earlier results stale."""


class TemplateFile(BaseModel):
    """A file that the builder writes into the template; a leading newline is cut."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(pattern=r"^[^/].*")
    content: str
    mode: int = 0o644


class TemplateDefinition(BaseModel):
    """One template: a Debian suite bootstrapped anew, or packages on top of another template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    """The definition's file name without its suffix."""
    name: str = Field(pattern=r"^[A-Za-z0-9._+-]+\.tar\.(zst|gz|xz)$")
    """The template's file name in the storage's content, as PVE lists it."""
    suite: str | None = None
    base: str | None = None
    """Key of the template that this one adds to; excludes `suite`."""
    packages: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()
    mask_generators: tuple[str, ...] = ()
    file: tuple[TemplateFile, ...] = ()

    def digest(self, base: str | None = None) -> str:
        """What identifies the built content: this definition, and the digest of its base."""
        text = f"{_FORMAT}\n{base or ''}\n{self.model_dump_json()}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def definitions_directory() -> Path:
    """Where the packaged definitions are: in the wheel beside this module, else in the project."""
    packaged = Path(__file__).with_name("definitions")
    return packaged if packaged.is_dir() else Path(__file__).parents[4] / "images"


def read_definition(
    path: Path, model: type[Definition], *, given: Mapping[str, str] | None = None
) -> Definition:
    """A definition file as a value, with what is `given` beside it.

    Raises:
        ConfigurationError: the file is missing or wrong.
    """
    try:
        return model.model_validate(
            {**tomllib.loads(path.read_text(encoding="utf-8")), **(given or {})}
        )
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def load_definitions(directory: Path | None = None) -> tuple[TemplateDefinition, ...]:
    """The template definitions of a directory, each after its base.

    Raises:
        ConfigurationError: a definition is wrong, or names a base that does not exist.
    """
    directory = directory or definitions_directory()
    found: dict[str, TemplateDefinition] = {}
    for path in sorted(directory.glob("debian-*.toml")):
        definition = found[path.stem] = read_definition(
            path, TemplateDefinition, given={"key": path.stem}
        )
        if (definition.suite is None) == (definition.base is None):
            raise ConfigurationError(f"{path}: give either 'suite' or 'base'")
    if not found:
        raise ConfigurationError(f"no template definition (debian-*.toml) in {directory}")
    ordered: list[TemplateDefinition] = []
    waiting = list(found.values())
    while waiting:
        ready = [d for d in waiting if d.base is None or d.base in {o.key for o in ordered}]
        if not ready:
            names = ", ".join(f"{d.key} (base {d.base})" for d in waiting)
            raise ConfigurationError(f"{directory}: no such base template: {names}")
        ordered += ready
        waiting = [d for d in waiting if d not in ready]
    return tuple(ordered)
