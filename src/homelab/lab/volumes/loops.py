"""Loop devices whose files belong to one lab: finding them, and waiting until they are free."""

from __future__ import annotations

import os
from pathlib import Path

from homelab.errors import WaitTimeoutError
from homelab.polling import wait_until
from homelab.process import run

_SYS = Path("/sys/block")


def devices(under: Path, *, sys: Path = _SYS) -> dict[str, str]:
    """The loop devices of files at or below a path: file by device, such as /dev/loop0."""
    prefix = os.fspath(under)
    found: dict[str, str] = {}
    for entry in sys.glob("loop*/loop/backing_file"):
        try:
            file = entry.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n")
        except OSError:
            continue  # it was let go of meanwhile
        if file == prefix or file.startswith((f"{prefix}/", f"{prefix} (deleted)")):
            found[f"/dev/{entry.parts[-3]}"] = file
    return found


def release(under: Path, *, timeout: float = 20.0) -> bool:
    """Wait until no loop device uses a file at or below a path; whether that came to be.

    The kernel lets go of a device when its last mount is gone, which may take a moment after the
    end of the process that had it; one that was never mounted is detached.
    """

    def gone() -> bool:
        return not devices(under)

    try:
        wait_until(gone, what="the kernel to let go", timeout=timeout / 2, interval=0.02)
    except WaitTimeoutError:
        for device in devices(under):
            run(("losetup", "--detach", device), expected=(0, 1))
        try:
            wait_until(gone, what="the loop devices' end", timeout=timeout / 2, interval=0.05)
        except WaitTimeoutError:
            return False
    return True
