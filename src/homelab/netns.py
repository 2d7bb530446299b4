"""Entering a network namespace from a thread of this process.

A network namespace belongs to a thread (setns(2)); sockets that the thread opens and programs that
it starts are inside. That is how ssh, Ansible and probes reach the lab's addresses while the
addresses stay unknown to the host.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from homelab.errors import CapabilityError

_CLONE_NEWNET = 0x40000000
_OWN = Path("/proc/thread-self/ns/net")


def enter(namespace: Path) -> None:
    """Move the calling thread into `namespace` (such as /proc/PID/ns/net) for good.

    Raises:
        CapabilityError: no such namespace, or no permission (CAP_SYS_ADMIN).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise CapabilityError(
            f"can't open the network namespace {namespace}: {error.strerror}",
            hint="run as root, with the lab up ('homelab lab status')",
        ) from error
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise CapabilityError(
                f"can't enter the network namespace {namespace}: {os.strerror(number)}",
                hint="run as root",
            )
    finally:
        os.close(descriptor)


@contextmanager
def inside(namespace: Path | None) -> Iterator[None]:
    """Run the body's thread inside `namespace`, and go back afterwards; None changes nothing."""
    if namespace is None:
        yield
        return
    descriptor = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(namespace)
        try:
            yield
        finally:
            enter(Path(f"/proc/self/fd/{descriptor}"))
    finally:
        os.close(descriptor)
