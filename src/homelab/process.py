"""Running other programs: argv lists, never a shell; output kept for the error message.

Programs are looked up here alone, on a search path that has the places of root's programs too.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from homelab.errors import (
    CapabilityError,
    CommandError,
    ConfigurationError,
    HomelabError,
    WaitTimeoutError,
)

_log = logging.getLogger(__name__)

_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where mkfs, losetup and the like are; an ordinary user of Debian and cron leave them out."""
_KILL_PENDING = 1 << 8
"""SIGKILL is signal 9, the ninth bit of a mask."""
_PF_EXITING = 0x4
_STATE, _FLAGS, _START_TIME = 0, 6, 19
"""Fields 3, 9 and 22 of /proc/PID/stat (proc(5)), counted from behind the program's name."""
_OVER = {"Z", "X"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a program ended and what it said."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a child: this process's own with `extra` on top.

    Its PATH ends with the directories of root's programs, whoever asks: so what is said to be
    installed is what is found by a child, and by the same command after sudo.
    """
    values = {**os.environ, **(extra or {})}
    given = values.get("PATH", os.defpath).split(os.pathsep)
    more = [directory for directory in _SBIN if directory not in given]
    return {**values, "PATH": os.pathsep.join((*given, *more))}


def find_program(name: str, *, path: str | None = None) -> str | None:
    """Where a program is that a child would find by its name; None when there is none.

    `path` is a search path in the form of PATH; this process's own by default.
    """
    found = environment(None if path is None else {"PATH": path})
    return shutil.which(name, path=found["PATH"])


def run(
    argv: Sequence[str | Path],
    *,
    stdin: str | bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = 600.0,
    expected: Sequence[int] = (0,),
) -> Completed:
    """Run a program to its end and return what it said.

    `env` is added to this process's environment; `timeout` is in seconds.

    Raises:
        CapabilityError: the program is not installed, or may not be run.
        ConfigurationError: `cwd` is no directory.
        CommandError: its exit code is not among `expected`.
        WaitTimeoutError: it ran for longer than `timeout` (it was killed).
    """
    words = tuple(str(word) for word in argv)
    _log.debug("run %s", words)
    data = stdin.encode() if isinstance(stdin, str) else stdin
    try:
        done = subprocess.run(
            words,
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            capture_output=True,
            env=environment(env),
            cwd=cwd,
            timeout=timeout,
            check=False,
        )
    except OSError as error:
        raise _cannot_start(words, cwd, error) from error
    except subprocess.TimeoutExpired as error:
        said = ((error.stdout or b"") + (error.stderr or b"")).decode(errors="replace")
        raise WaitTimeoutError(
            f"{' '.join(words[:6])} did not end within {timeout:g} s; it said: {said[-500:]}"
        ) from error
    result = Completed(
        argv=words,
        returncode=done.returncode,
        stdout=done.stdout.decode(errors="replace"),
        stderr=done.stderr.decode(errors="replace"),
    )
    if result.returncode not in expected:
        raise CommandError(words, result.returncode, result.stdout + result.stderr)
    return result


def stream(
    argv: Sequence[str | Path],
    on_line: Callable[[str], None],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    expected: Sequence[int] = (0,),
) -> int:
    """Run a program and hand over each line of its output (both streams) as it comes.

    Returns the exit code. Ctrl-C reaches the program too, since it shares the terminal's group; an
    error from `on_line` ends the program and passes through. Bytes that are no text are written
    out as hexadecimal numbers.

    Raises:
        CapabilityError: the program is not installed, or may not be run.
        ConfigurationError: `cwd` is no directory.
        CommandError: its exit code is not among `expected`; carries the last 200 lines.
    """
    words = tuple(str(word) for word in argv)
    _log.debug("stream %s", words)
    tail: deque[str] = deque(maxlen=200)
    try:
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(env),
            cwd=cwd,
            text=True,
            errors="backslashreplace",
        )
    except OSError as error:
        raise _cannot_start(words, cwd, error) from error
    with child:
        assert child.stdout is not None  # noqa: S101  (PIPE was asked for)
        try:
            for line in child.stdout:
                text = line.rstrip("\n")
                tail.append(text)
                on_line(text)
        except Exception:
            child.terminate()
            raise
    if child.returncode not in expected:
        raise CommandError(words, child.returncode, "\n".join(tail))
    return child.returncode


def _cannot_start(words: tuple[str, ...], cwd: Path | None, error: OSError) -> HomelabError:
    if cwd is not None and not cwd.is_dir():
        return ConfigurationError(f"can't run {words[0]!r} in {cwd}: no such directory")
    if isinstance(error, FileNotFoundError):
        return CapabilityError(
            f"the program {words[0]!r} is not installed", hint="run 'homelab doctor --fix'"
        )
    return CapabilityError(f"can't run the program {words[0]!r}: {error.strerror}")


def is_alive(pid: int, *, start_time: int | None = None) -> bool:
    """Whether a process exists, is no zombie, and (if given) began at `start_time` in clock ticks.

    The start time tells a reused id from the process meant.
    """
    stat = _stat(pid)
    if stat is None or stat[_STATE] in _OVER:
        return False
    return start_time is None or int(stat[_START_TIME]) == start_time


def is_dying(pid: int) -> bool:
    """Whether a process was killed, though it may still be there for a moment, or is gone.

    SIGKILL is among its pending signals (proc(5), SigPnd and ShdPnd) until it begins to exit, which
    the flag PF_EXITING shows from then on.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    stat = _stat(pid)
    if stat is None:
        return True
    pending = re.findall(r"^(?:Sig|Shd)Pnd:\s*([0-9a-f]+)$", status, re.MULTILINE)
    if any(int(mask, 16) & _KILL_PENDING for mask in pending):
        return True
    return stat[_STATE] in _OVER or bool(int(stat[_FLAGS]) & _PF_EXITING)


def processes_with(name: str, value: str) -> tuple[int, ...]:
    """The processes that were started with a variable in their environment, as far as it shows.

    Only root may look at the processes of others (proc(5), /proc/PID/environ).
    """
    wanted = f"{name}={value}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in variables:
            found.append(int(path.parent.name))
    return tuple(sorted(found))


def start_time_of(pid: int) -> int | None:
    """When a process began, in clock ticks after boot; None when there is none."""
    stat = _stat(pid)
    return None if stat is None else int(stat[_START_TIME])


def _stat(pid: int) -> list[str] | None:
    """The fields behind the program's name, which may hold anything; None for no process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return stat.rpartition(")")[2].split()


def process_began() -> float:
    """When this process began, as time.time() counts; what it was before exec is the same one."""
    ticks = start_time_of(os.getpid()) or 0
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - age
