"""Commands that go on as root, and leave what they wrote in the project to its owner."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from homelab.cli.output import flush, say
from homelab.sudo import go_on_as_root

PROJECT = "homelab.project"
"""Where a command's context keeps the project that was named, for what follows the command."""


def is_root() -> bool:
    """Whether this process may make namespaces and containers."""
    return os.geteuid() == 0


def require_root(why: str, arguments: Sequence[str] | None = None) -> None:
    """Return when this is root; else run the same `homelab` command again through sudo.

    `why` is what needs root, as a clause. Does not return when it went through sudo.

    Raises:
        CapabilityError: no sudo, or sudo wants a password and there is no terminal to ask on.
    """
    if not is_root():
        words = sys.argv[1:] if arguments is None else arguments
        go_on_as_root(why, (sys.executable, "-P", "-m", "homelab.cli", *words), tell=_tell)


def leave_to_owner(project: Path | None) -> None:
    """At a command's end: what root wrote in the project becomes the user's who called sudo.

    None is the project around the working directory, if there is one.
    """
    if not is_root():
        return
    from homelab.operations.run.ownership import give_back_around

    with _undisturbed():
        give_back_around(project)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Have what takes a moment at the end not be cut off, for example by a second Ctrl-C."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _tell(text: str) -> None:
    say(text)
    flush()
