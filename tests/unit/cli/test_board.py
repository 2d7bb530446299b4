"""The live board on a pseudo terminal, read back by a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator

import pyte
import pytest
from rich.console import Console, ConsoleDimensions

from homelab.cli.board import Board
from homelab.operations.events import (
    ItemChanged,
    ItemsKnown,
    Notice,
    OperationStarted,
    Progress,
    Stage,
    StageChanged,
    State,
)

_LONG = 30.0
"""Seconds after which a test that stands still has failed."""
_STAGES = (Stage.PREPARE, Stage.PLAN, Stage.APPLY, Stage.CONFIGURE, Stage.VALIDATE)
_NAMES = tuple(f"item-{number:02}" for number in range(28))


class _Console(Console):
    """Asks its own terminal for its size, as rich asks this process's."""

    @property
    def size(self) -> ConsoleDimensions:
        return ConsoleDimensions(*os.get_terminal_size(self.file.fileno()))

    @property
    def width(self) -> int:
        return self.size.width


class _Terminal:
    """A pseudo terminal with somebody who reads it."""

    def __init__(self, columns: int, rows: int) -> None:
        self._reader, self._writer = pty.openpty()
        self.screen = pyte.HistoryScreen(columns, rows, history=20_000, ratio=0.001)
        self._stream = pyte.ByteStream(self.screen)
        self._reads = threading.Event()
        self._reads.set()
        self.resize(columns, rows)
        self._file = os.fdopen(self._writer, "w", encoding="utf-8")
        self.console = _Console(file=self._file, force_terminal=True, highlight=False)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def resize(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._writer, termios.TIOCSWINSZ, size)
        self.screen.resize(rows, columns)

    def stand_still(self) -> None:
        self._reads.clear()

    def go_on(self) -> None:
        self._reads.set()

    def _read(self) -> None:
        while True:
            self._reads.wait()
            try:
                data = os.read(self._reader, 65536)
            except OSError:  # the other side was closed
                return
            self._stream.feed(data)

    def close(self) -> None:
        """Nothing more comes; what came has been read."""
        if self._file.closed:
            return
        self._file.close()
        self._thread.join(_LONG)
        os.close(self._reader)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display if line.strip()]

    @property
    def past(self) -> list[str]:
        """All that was ever scrolled away, and what is shown."""
        rows = ["".join(row[at].data for at in sorted(row)) for row in self.screen.history.top]
        return [line.rstrip() for line in rows] + self.lines


@pytest.fixture(params=[(120, 40), (80, 24), (33, 7)], ids=lambda size: f"{size[0]}x{size[1]}")
def terminal(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[_Terminal]:
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    made = _Terminal(*request.param)
    yield made
    made.go_on()
    made.close()


def _start(board: Board) -> None:
    board(OperationStarted(name="deploy", target="lab", stages=_STAGES))
    board(ItemsKnown(items=_NAMES))
    board(StageChanged(stage=Stage.APPLY, state=State.RUNNING))


def _within(seconds: float, work: Callable[[], None]) -> None:
    """Fail, and don't hang, where `work` stands still."""
    errors: list[BaseException] = []

    def watched() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  (raised on the test's own thread)
            errors.append(error)

    thread = threading.Thread(target=watched, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"it stood still for {seconds:g} s"
    for error in errors:
        raise error


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LONG
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_thousands_of_notices_from_several_threads_while_it_refreshes(
    terminal: _Terminal,
) -> None:
    def speak(board: Board, number: int) -> None:
        for count in range(1000):
            board(Notice(text=f"said {number} {count}", warning=bool(count % 2)))
            board(Progress(stage=Stage.APPLY, text=f"{number} {count}"))

    def work() -> None:
        with Board(terminal.console) as board:
            _start(board)
            threads = [
                threading.Thread(target=speak, args=(board, number), daemon=True)
                for number in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    _within(_LONG, work)
    terminal.close()

    said = [line for line in terminal.past if line]
    assert len(said) == 4000
    for number in range(4):
        mine = [line for line in said if line.startswith(f"said {number} ")]
        assert mine == [f"said {number} {count}" for count in range(1000)]


def test_nobody_waits_for_a_terminal_that_stands_still(terminal: _Terminal) -> None:
    terminal.stand_still()

    def work() -> None:
        with Board(terminal.console) as board:
            _start(board)
            for count in range(5000):
                board(Notice(text=f"said {count} and much more than that"))
            terminal.go_on()

    _within(_LONG, work)


def test_what_fails_and_runs_is_on_the_screen(terminal: _Terminal) -> None:
    def shown() -> bool:
        return any("item-26" in line and "FAILED" in line for line in terminal.lines)

    def work() -> None:
        with Board(terminal.console) as board:
            _start(board)
            for name in _NAMES[:20]:
                board(ItemChanged(stage=Stage.APPLY, item=name, state=State.DONE))
            board(ItemChanged(stage=Stage.APPLY, item="item-26", state=State.FAILED, detail="full"))
            board(ItemChanged(stage=Stage.APPLY, item="item-25", state=State.RUNNING))
            _wait_for(shown)
            assert any("item-25" in line for line in terminal.lines)
            assert any("deploy  target lab" in line for line in terminal.lines)

    _within(_LONG, work)
    terminal.close()

    assert terminal.lines == ["apply: item-26 failed: full"]


@pytest.mark.parametrize("size", [(60, 20), (100, 50), (20, 4)])
def test_it_takes_on_a_new_size(terminal: _Terminal, size: tuple[int, int]) -> None:
    def work() -> None:
        with Board(terminal.console) as board:
            _start(board)
            board(ItemChanged(stage=Stage.APPLY, item="item-03", state=State.RUNNING))
            _wait_for(lambda: any("item-03" in line for line in terminal.lines))
            terminal.resize(*size)
            for line in range(size[1]):
                board(Notice(text=f"note {line}"))
            _wait_for(lambda: f"note {size[1] - 1}" in terminal.past)
            _wait_for(lambda: terminal.lines[-1:] != [f"note {size[1] - 1}"])
            shown = [line for line in terminal.lines if "target lab"[: size[0] - 8] in line]
            assert len(shown) == 1, terminal.lines
            assert len(terminal.lines[-1]) <= size[0]

    _within(_LONG, work)


def test_an_error_leaves_the_finished_stages(terminal: _Terminal) -> None:
    def work() -> None:
        with Board(terminal.console) as board:
            _start(board)
            board(StageChanged(stage=Stage.APPLY, state=State.FAILED, seconds=2, detail="1 failed"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _within(_LONG, work)
    terminal.close()

    text = " ".join(terminal.lines)
    assert text.startswith("apply     failed       2.0 s")
    assert "1 failed" in text.replace("1 f ailed", "1 failed")
    assert not terminal.screen.cursor.hidden


def test_no_color_has_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = _Terminal(80, 24)

    def work() -> None:
        with Board(terminal.console) as board:
            _start(board)
            board(Notice(text="careful", warning=True))
            _wait_for(lambda: any("careful" in line for line in terminal.lines))
            _wait_for(lambda: any("item-03" in line for line in terminal.lines))
            colours = {char.fg for row in terminal.screen.buffer.values() for char in row.values()}
            assert colours == {"default"}

    _within(_LONG, work)
    terminal.close()
