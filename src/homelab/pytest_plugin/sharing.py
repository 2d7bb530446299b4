"""Work that is done once per session, also when pytest-xdist spreads the session over processes."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

from homelab.files import replace_file


def once(directory: Path, name: str, compute: Callable[[], str]) -> str:
    """The text of `compute`, which the first caller among all processes runs.

    The text is kept in `directory`, which the processes share; the others wait for it.
    """
    result = directory / f"{name}.json"
    with (directory / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            replace_file(result, compute())
    return result.read_text(encoding="utf-8")
