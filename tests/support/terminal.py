"""A pseudo terminal whose screen a terminal emulator keeps, so that tests see what a person sees."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TextIO

import pyte

LONG = 30.0
"""Seconds after which what stands still has failed."""


class Terminal:
    """Columns and rows, and a thread that reads what is written; a context manager."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self._reader, self._writer = pty.openpty()
        self._screen = pyte.HistoryScreen(columns, rows, history=20_000, ratio=0.001)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._reads = threading.Event()
        self._reads.set()
        self._file: TextIO | None = None
        self._program: subprocess.Popen[bytes] | None = None
        self.raw = b""
        """Every byte that was written to it."""
        self.resize(columns, rows)
        self._before = termios.tcgetattr(self._writer)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on()
        if self._program is not None and self._program.poll() is None:
            self._program.kill()
            self._program.wait(LONG)
        self.close()
        os.close(self._reader)

    @property
    def file(self) -> TextIO:
        """The terminal's side that programs write to."""
        if self._file is None:
            self._file = os.fdopen(self._writer, "w", encoding="utf-8", closefd=False)
        return self._file

    def start(
        self, argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Run a program in a session of its own, whose terminal this is."""
        self._program = subprocess.Popen(
            ("setsid", "--ctty", *map(str, argv)),
            cwd=cwd,
            env={"TERM": "xterm-256color", **env},
            stdin=self._writer,
            stdout=self._writer,
            stderr=self._writer,
        )
        return self._program

    def type(self, text: str) -> None:
        """Press keys; Ctrl-C is `\\x03`."""
        os.write(self._reader, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size; who runs in it is told (SIGWINCH)."""
        with self._lock:
            size = struct.pack("HHHH", rows, columns, 0, 0)
            fcntl.ioctl(self._writer, termios.TIOCSWINSZ, size)
            self._screen.resize(rows, columns)

    def stand_still(self) -> None:
        """Take nothing more, as after Ctrl-S."""
        self._reads.clear()

    def go_on(self) -> None:
        """Take what is written again."""
        self._reads.set()

    def close(self) -> None:
        """Nothing more comes from here; what came is on the screen."""
        if self._writer < 0:
            return
        if self._file is not None:
            self._file.flush()
        os.close(self._writer)
        self._writer = -1
        self._thread.join(LONG)

    def _read(self) -> None:
        while True:
            self._reads.wait()
            try:
                data = os.read(self._reader, 65536)
            except OSError:  # nobody holds the other side
                return
            with self._lock:
                self.raw += data
                self._stream.feed(data)

    @property
    def lines(self) -> list[str]:
        """What is on the screen, without empty lines."""
        with self._lock:
            return [line.rstrip() for line in self._screen.display if line.strip()]

    @property
    def past(self) -> list[str]:
        """All that was ever scrolled away, and what is on the screen."""
        with self._lock:
            top = list(self._screen.history.top)
        rows = ["".join(row[at].data for at in sorted(row)) for row in top]
        return [line.rstrip() for line in rows] + self.lines

    @property
    def colours(self) -> set[str]:
        """The colours of what is on the screen."""
        with self._lock:
            return {char.fg for row in self._screen.buffer.values() for char in row.values()}

    @property
    def is_as_before(self) -> bool:
        """Whether the cursor shows, and what is typed is echoed and read as at the beginning."""
        return not self._screen.cursor.hidden and termios.tcgetattr(self._writer) == self._before

    def wait_for(self, text: str, *, timeout: float = LONG) -> None:
        """Wait until a text is on the screen, or was; not longer than its program runs."""
        self.wait_until(lambda: any(text in line for line in self.past), timeout=timeout)

    def wait_until(self, condition: Callable[[], bool], *, timeout: float = LONG) -> None:
        """Wait for something, not longer than the program runs; fail with what is on the screen."""
        deadline = time.monotonic() + timeout
        while not condition():
            if self._program is not None and self._program.poll() is not None:
                deadline = min(deadline, time.monotonic() + 1.0)  # what it said last is read
            assert time.monotonic() < deadline, "\n".join(self.past[-60:])
            time.sleep(0.02)
