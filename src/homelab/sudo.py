"""Going on as root through sudo: the same interpreter, the same command, the same directory."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from homelab.errors import CapabilityError
from homelab.process import environment, find_program, run

_PREFIXES = ("HOMELAB_", "PM_", "TF_", "ANSIBLE_", "PYTEST_", "GITHUB_", "PIP_", "LC_")
_NAMES = {"CI", "NO_COLOR", "TERM", "COLUMNS", "LANG", "TZ", "SSH_AUTH_SOCK", "FORCE_COLOR"}
_PROXIES = {"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
_TRUST = {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"}
_KEPT = re.compile(rf"{'|'.join(sorted(_NAMES | _PROXIES | _TRUST))}|({'|'.join(_PREFIXES)})\w+")
_THE_USER_S_OWN = re.compile(
    r"HOME|LOGNAME|MAIL|OLDPWD|PATH|PWD|SHELL|SHLVL|USER|_|(SUDO|XDG)_\w+"
    r"|(PYTHON|PERL|RUBY|BASH_|LD_|GCONV_)\w*|ENV|IFS|NODE_OPTIONS"
)
"""With these, root would write into the user's home, or run what they name."""
_BYTECODE = "/var/cache/homelab/bytecode"


def argv_through_sudo(
    argv: Sequence[str], *, interactive: bool, everything: bool = False
) -> tuple[str, ...]:
    """The sudo command line for `argv`; values of variables don't appear in it, except PATH.

    sudo replaces PATH by its own, so that one is handed over by env(1), without directories where
    somebody else could put a program. Root's bytecode goes to a
    place of its own, so that the user can still remove the environment that this runs from.
    `everything` keeps the variables that homelab does not know, too.
    """
    values = environment()
    kept = sorted(
        name
        for name in values
        if _KEPT.fullmatch(name)
        or (everything and re.fullmatch(r"\w+", name) and not _THE_USER_S_OWN.fullmatch(name))
    )
    flags = () if interactive else ("-n",)
    keep = (f"--preserve-env={','.join(kept)}",) if kept else ()
    directories = filter(_is_trusted, values["PATH"].split(os.pathsep))
    path = f"PATH={os.pathsep.join(directories)}"
    return ("sudo", *flags, *keep, "--", "env", path, f"PYTHONPYCACHEPREFIX={_BYTECODE}", *argv)


def _is_trusted(directory: str) -> bool:
    """Whether only root and this user decide on what programs a directory has."""
    try:
        found = Path(directory).stat()
    except OSError:
        return False
    own = found.st_uid in {0, os.getuid()} and not found.st_mode & stat.S_IWOTH
    return own and Path(directory).is_absolute()


def go_on_as_root(
    why: str, argv: Sequence[str], *, tell: Callable[[str], None], everything: bool = False
) -> NoReturn:
    """Become `argv` as root; `why` is what needs root, as a clause, and `tell` is told so before.

    Raises:
        CapabilityError: no sudo, or sudo wants a password and there is no terminal to ask on.
    """
    command = " ".join(argv)
    if find_program("sudo") is None:
        raise CapabilityError(
            f"{why} needs root, and sudo is not installed",
            hint=f"run it as root: su -c '{command}'",
        )
    interactive = sys.stdin.isatty() or _has_tty()
    if not interactive and run(("sudo", "-n", "true"), expected=range(256)).returncode != 0:
        raise CapabilityError(
            f"{why} needs root, and sudo wants a password but there is no terminal to ask on",
            hint=f"run it as root: sudo -E -H {command}",
        )
    tell(f"{why} needs root: going on through sudo")
    words = argv_through_sudo(argv, interactive=interactive, everything=everything)
    os.execvpe(words[0], words, environment())  # noqa: S606  (an argv list; nothing is interpreted)


def _has_tty() -> bool:
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return False
    os.close(descriptor)
    return True
