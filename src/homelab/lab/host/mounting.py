"""Work in another mount namespace, done by a thread of this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from homelab.lab.host import kernel

Result = TypeVar("Result")
_MOST = 64
"""Mounts on top of each other that are taken away at once."""


def inside(namespace: Path, work: Callable[[], Result]) -> Result:
    """What `work` returns or raises in a thread that sees a mount namespace from its root.

    A thread needs no program to be started, and descriptors that it opens are this process's. Where
    the namespace is a container's, `work` may use `kernel` alone.
    """
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)

    def visit() -> Result:
        try:
            kernel.own_directory()
            kernel.enter(descriptor)
        finally:
            os.close(descriptor)
        return work()

    with ThreadPoolExecutor(1, thread_name_prefix="mounting") as pool:
        return pool.submit(visit).result()


def detach_all(*targets: Path) -> None:
    """Take away what is mounted on directories of the namespace that this thread is in."""
    for target in targets:
        with suppress(OSError):
            for _ in range(_MOST):
                kernel.detach(str(target))


def mount_id(descriptor: int) -> int:
    """The mount that an open file is on, as numbered in /proc/PID/mountinfo."""
    text = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii")
    return int(text.partition("mnt_id:")[2].split()[0])
