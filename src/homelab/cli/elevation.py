"""Commands that go on as root."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from homelab.cli.output import flush, say
from homelab.sudo import go_on_as_root


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
        go_on_as_root(why, (sys.executable, "-m", "homelab.cli", *words), tell=_tell)


def _tell(text: str) -> None:
    say(text)
    flush()
