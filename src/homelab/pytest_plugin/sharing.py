"""Work that is done once per session, also when pytest-xdist spreads the session over processes."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path


def once(directory: Path, name: str, compute: Callable[[], str]) -> str:
    """The text of `compute`, which the first caller among all processes runs.

    The text is kept in `directory`, which the processes share; the others wait for it.
    """
    result = directory / f"{name}.json"
    with (directory / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            text = compute()
            draft = result.with_suffix(".part")
            draft.write_text(text, encoding="utf-8")
            draft.rename(result)
    return result.read_text(encoding="utf-8")
