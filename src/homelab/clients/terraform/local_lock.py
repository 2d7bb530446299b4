"""Who holds Terraform's lock of a local state.

Terraform locks the state file with fcntl(2) and describes itself in .NAME.lock.info beside it. The
kernel drops the lock with the process; the description stays behind when that was killed, and
means nothing then.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_FLOCK = "hhqqi"
"""struct flock of fcntl(2) on 64-bit Linux: type, whence, start, length, process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalLock:
    """The process that holds the lock, and what it wrote about itself."""

    pid: int
    who: str = ""
    operation: str = ""
    since: datetime | None = None


def local_lock(state: Path) -> LocalLock | None:
    """Who holds the lock of a state file; None when nobody does."""
    try:
        descriptor = os.open(state, os.O_RDWR)
    except OSError:
        return None
    try:
        question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, question))
    finally:
        os.close(descriptor)
    if kind == fcntl.F_UNLCK:
        return None
    said = _described(info_file(state))
    return LocalLock(
        pid=pid,
        who=str(said.get("Who", "")),
        operation=str(said.get("Operation", "")).removeprefix("OperationType").lower(),
        since=_time(said.get("Created")),
    )


def info_file(state: Path) -> Path:
    """Where Terraform describes the holder of a state's lock."""
    return state.with_name(f".{state.name}.lock.info")


def _described(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _time(said: object) -> datetime | None:
    with suppress(ValueError):
        return datetime.fromisoformat(str(said)).replace(microsecond=0)
    return None
