"""A local state that a killed Terraform left half written.

Terraform rewrites its state file in place, so a kill at the wrong moment truncates it, and every
later command fails on it. What exists can be taken over again (`terraform_adopt`), so the damaged
file is put aside, never deleted.
"""

from __future__ import annotations

import fcntl
import json
import logging
import time
from contextlib import suppress
from pathlib import Path

from homelab.clients.terraform.local_lock import info_file

_log = logging.getLogger(__name__)

_NAME = "terraform.tfstate"


def state_file(directory: Path, data_dir: Path, workspace: str | None = None) -> Path:
    """Where the local state of the selected workspace is, whether or not it exists."""
    selected = data_dir / "environment"
    if not workspace and selected.is_file():
        workspace = selected.read_text(encoding="utf-8").strip()
    if not workspace or workspace == "default":
        return directory / _NAME
    return directory / f"{_NAME}.d" / workspace / _NAME


def set_aside_if_damaged(path: Path) -> Path | None:
    """Rename a state that is no JSON, unless a Terraform works on it; its new name, if it got one."""
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        return None
    with file:
        try:
            # Terraform holds this lock on the file while it works; its end releases it.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return None
        with suppress(ValueError):
            if isinstance(json.loads(file.read()), dict):
                return None
        aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        path.rename(aside)
    info_file(path).unlink(missing_ok=True)
    _log.warning("the state %s was half written; it is now %s", path, aside.name)
    return aside
