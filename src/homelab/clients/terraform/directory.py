"""The directory in which Terraform works on a target whose state is remote.

A backend is part of a configuration, so targets with different backends can't share one directory.
Each target with a remote state gets its own: the files of terraform/ as links, the backend in
backend.tf, the target's variables, and Terraform's default places for everything else. Whoever
changes into it and types `terraform init` or `terraform plan` gets what homelab gets.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from homelab.clients.terraform.lock import LOCK_FILE

BACKEND_FILE = "backend.tf"
VARIABLES_FILE = "homelab.auto.tfvars.json"
_OWN = {BACKEND_FILE, VARIABLES_FILE, LOCK_FILE, "homelab-imports.generated.tf"}
_LINKED = (".tf", ".tf.json", ".tfvars", ".tfvars.json", ".tftpl", ".hcl")

_BACKEND = """\
# Written by homelab. The connection is in PG_CONN_STR, which Terraform reads from the environment.
terraform {{
  backend "pg" {{
    schema_name = "{schema}"
  }}
}}
"""


def lay_out(source: Path, place: Path, *, schema: str, variables: Mapping[str, str]) -> None:
    """Make `place` a directory with the configuration of `source` and a pg backend."""
    place.mkdir(parents=True, exist_ok=True)
    wanted = {path.relative_to(source) for path in _configuration(source)}
    for path in _links(place):
        if path.relative_to(place) not in wanted or not path.exists():
            path.unlink()
    for name in sorted(wanted):
        link = place / name
        link.parent.mkdir(parents=True, exist_ok=True)
        towards = os.path.relpath(source / name, link.parent)
        if not link.is_symlink() or str(link.readlink()) != towards:
            link.unlink(missing_ok=True)
            link.symlink_to(towards)
    _write(place / BACKEND_FILE, _BACKEND.format(schema=schema))
    _write(place / VARIABLES_FILE, json.dumps(dict(sorted(variables.items())), indent=2) + "\n")
    carry_lock_file(source, place)


def carry_lock_file(source: Path, destination: Path) -> None:
    """Bring the record of provider versions along; all targets share the one of terraform/."""
    lock = source / LOCK_FILE
    if lock.is_file():
        there = destination / LOCK_FILE
        if not there.is_file() or there.read_bytes() != lock.read_bytes():
            shutil.copyfile(lock, there)


def _configuration(directory: Path) -> Iterator[Path]:
    for path in directory.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(directory).parts)
        if not hidden and path.name not in _OWN and path.name.endswith(_LINKED):
            yield path


def _links(place: Path) -> Iterator[Path]:
    for path in place.rglob("*"):
        if ".terraform" not in path.relative_to(place).parts and path.is_symlink():
            yield path


def _write(path: Path, text: str) -> None:
    """Write a file unless it is so already: an unchanged configuration needs no init."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
