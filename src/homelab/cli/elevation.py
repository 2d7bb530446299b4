"""Becoming root through sudo: the same interpreter, the same command, the same directory."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import NoReturn

from homelab.cli.output import flush, say
from homelab.errors import CapabilityError
from homelab.process import environment, run

_KEPT_PREFIXES = ("HOMELAB_", "PM_", "TF_", "ANSIBLE_", "PYTEST_", "GITHUB_", "PIP_", "LC_")
_BYTECODE = "/var/cache/homelab/bytecode"
_KEPT = {"CI", "NO_COLOR", "TERM", "COLUMNS", "LANG", "TZ", "SSH_AUTH_SOCK", "FORCE_COLOR"}
_PROXIES = {"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}


def is_root() -> bool:
    """Whether this process may make namespaces and containers."""
    return os.geteuid() == 0


def sudo_argv(argv: Sequence[str], *, interactive: bool) -> tuple[str, ...]:
    """The sudo command line for `argv`; values of variables don't appear in it, except PATH.

    sudo replaces PATH by its own, so that one is handed over by env(1). Root's bytecode goes to a
    place of its own, so that the user can still remove the environment that this runs from.
    """
    values = environment()
    kept = sorted(
        name
        for name in values
        if name in _KEPT or name in _PROXIES or name.startswith(_KEPT_PREFIXES)
    )
    flags = () if interactive else ("-n",)
    keep = (f"--preserve-env={','.join(kept)}",) if kept else ()
    path = f"PATH={values.get('PATH', '')}"
    return ("sudo", *flags, *keep, "--", "env", path, f"PYTHONPYCACHEPREFIX={_BYTECODE}", *argv)


def require_root(why: str, arguments: Sequence[str] | None = None) -> None:
    """Return when this is root; else run the same `homelab` command again through sudo.

    `why` is what needs root, as a clause. Does not return when it went through sudo.

    Raises:
        CapabilityError: no sudo, or sudo wants a password and there is no terminal to ask on.
    """
    if not is_root():
        _become_root(why, sys.argv[1:] if arguments is None else arguments)


def _become_root(why: str, arguments: Sequence[str]) -> NoReturn:
    command = f"{sys.executable} -m homelab.cli {' '.join(arguments)}"
    if shutil.which("sudo") is None:
        raise CapabilityError(
            f"{why} needs root, and sudo is not installed",
            hint=f"run it as root: su -c '{command}'",
        )
    interactive = sys.stdin.isatty() or (os.access("/dev/tty", os.R_OK | os.W_OK) and _has_tty())
    if not interactive and run(("sudo", "-n", "true"), expected=range(256)).returncode != 0:
        raise CapabilityError(
            f"{why} needs root, and sudo wants a password but there is no terminal to ask on",
            hint=f"run it as root: sudo {command}",
        )
    say(f"{why} needs root: going on through sudo")
    flush()
    argv = sudo_argv((sys.executable, "-m", "homelab.cli", *arguments), interactive=interactive)
    os.execvp(argv[0], argv)  # noqa: S606  (an argv list; nothing is interpreted)


def _has_tty() -> bool:
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return False
    os.close(descriptor)
    return True
