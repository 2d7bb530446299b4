"""Starting the lab's server as a process of its own, and following it until it answers."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from homelab.errors import CapabilityError, ConfigurationError, HomelabError, WaitTimeoutError
from homelab.lab.server import state_directory
from homelab.lab.server.options import ServeOptions
from homelab.process import environment

_SILENCE = 600.0
_ERRORS: Mapping[str, type[HomelabError]] = {
    "CapabilityError": CapabilityError,
    "ConfigurationError": ConfigurationError,
}


def launch(options: ServeOptions, *, log: Path, on_progress: Callable[[str], None]) -> None:
    """Start the server in a session of its own; returns when it answers.

    Raises:
        ConfigurationError, CapabilityError: what the server said about why it can't.
        HomelabError: it ended without a word; carries the end of its log.
        WaitTimeoutError: it said nothing for ten minutes.
    """
    from homelab.options.words import to_words

    reader, writer = os.pipe()
    with os.fdopen(reader) as report:
        with os.fdopen(writer, "w"), log.open("ab") as output:
            subprocess.run(
                (
                    *(sys.executable, "-P", "-m", "homelab.lab.server", *to_words(options)),
                    *("--report-to", str(writer)),
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment(),
                cwd=options.state,
                pass_fds=(writer,),
                start_new_session=True,
                check=False,
            )
        _follow(report.fileno(), log, on_progress)


def _follow(reader: int, log: Path, on_progress: Callable[[str], None]) -> None:
    """Read what the new server reports until it answers."""
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        rest = b""
        while selector.select(_SILENCE):
            data = os.read(reader, 65536)
            if not data:
                raise HomelabError(
                    "the lab's server ended before it answered"
                    + "".join(f"\n  | {line}" for line in state_directory.last_lines(log)),
                    hint=f"see {log}",
                )
            *lines, rest = (rest + data).split(b"\n")
            if any(_is_ready(line, on_progress) for line in lines):
                return
    raise WaitTimeoutError(f"the lab's server said nothing for {_SILENCE:.0f} s", hint=f"see {log}")


def _is_ready(line: bytes, on_progress: Callable[[str], None]) -> bool:
    message = json.loads(line)
    if "error" in message:
        raise _ERRORS.get(message["error"], HomelabError)(message["message"], hint=message["hint"])
    if "progress" in message:
        on_progress(message["progress"])
    return "ready" in message
