"""The live board on a pseudo terminal, read back by a terminal emulator."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from rich.console import Console, ConsoleDimensions
from standstill import within
from terminal import LONG, Terminal

from homelab.cli.board import Board
from homelab.operations.run.events import (
    ItemChanged,
    ItemsKnown,
    Notice,
    OperationStarted,
    Progress,
    Stage,
    StageChanged,
    State,
)

_STAGES = (Stage.PREPARE, Stage.PLAN, Stage.APPLY, Stage.CONFIGURE, Stage.VALIDATE)
_EACH = 500
"""Notices of each thread."""
_NAMES = tuple(f"item-{number:02}" for number in range(28))


class _Console(Console):
    """Asks its own terminal for its size, as rich asks this process's."""

    @property
    def size(self) -> ConsoleDimensions:
        return ConsoleDimensions(*os.get_terminal_size(self.file.fileno()))

    @property
    def width(self) -> int:
        return self.size.width


def _board(terminal: Terminal) -> Board:
    return Board(_Console(file=terminal.file, force_terminal=True, highlight=False))


@pytest.fixture(params=[(120, 40), (80, 24), (33, 7)], ids=lambda size: f"{size[0]}x{size[1]}")
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    with Terminal(*request.param) as made:
        yield made


def _start(board: Board) -> None:
    board(OperationStarted(name="deploy", target="lab", stages=_STAGES))
    board(ItemsKnown(items=_NAMES))
    board(StageChanged(stage=Stage.APPLY, state=State.RUNNING))


@pytest.mark.parametrize("terminal", [(80, 24), (33, 7)], indirect=True)
def test_thousands_of_notices_from_several_threads_while_it_refreshes(
    terminal: Terminal,
) -> None:
    def speak(board: Board, number: int) -> None:
        for count in range(_EACH):
            board(Notice(text=f"said {number} {count}", warning=bool(count % 2)))
            board(Progress(stage=Stage.APPLY, text=f"{number} {count}"))

    def work() -> None:
        with _board(terminal) as board:
            _start(board)
            threads = [
                threading.Thread(target=speak, args=(board, number), daemon=True)
                for number in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    within(LONG, work)
    terminal.close()

    said = [line for line in terminal.past if line]
    assert len(said) == 4 * _EACH
    for number in range(4):
        mine = [line for line in said if line.startswith(f"said {number} ")]
        assert mine == [f"said {number} {count}" for count in range(_EACH)]


@pytest.mark.parametrize("terminal", [(80, 24)], indirect=True)
def test_nobody_waits_for_a_terminal_that_stands_still(terminal: Terminal) -> None:
    terminal.stand_still()

    def work() -> None:
        with _board(terminal) as board:
            _start(board)
            for count in range(4 * _EACH):
                board(Notice(text=f"said {count} and much more than that"))
            terminal.go_on()

    within(LONG, work)


def test_what_fails_and_runs_is_on_the_screen(terminal: Terminal) -> None:
    def shown() -> bool:
        return any("item-26" in line and "FAILED" in line for line in terminal.lines)

    def work() -> None:
        with _board(terminal) as board:
            _start(board)
            for name in _NAMES[:20]:
                board(ItemChanged(stage=Stage.APPLY, item=name, state=State.DONE))
            board(ItemChanged(stage=Stage.APPLY, item="item-26", state=State.FAILED, detail="full"))
            board(ItemChanged(stage=Stage.APPLY, item="item-25", state=State.RUNNING))
            terminal.wait_until(shown)
            assert any("item-25" in line for line in terminal.lines)
            assert any("deploy  target lab" in line for line in terminal.lines)

    within(LONG, work)
    terminal.close()

    assert terminal.lines == ["apply: item-26 failed: full"]


@pytest.mark.parametrize("size", [(60, 20), (20, 4)])
def test_it_takes_on_a_new_size(terminal: Terminal, size: tuple[int, int]) -> None:
    def work() -> None:
        with _board(terminal) as board:
            _start(board)
            board(ItemChanged(stage=Stage.APPLY, item="item-03", state=State.RUNNING))
            terminal.wait_until(lambda: any("item-03" in line for line in terminal.lines))
            terminal.resize(*size)
            for line in range(size[1]):
                board(Notice(text=f"note {line}"))
            terminal.wait_until(lambda: f"note {size[1] - 1}" in terminal.past)
            terminal.wait_until(lambda: terminal.lines[-1:] != [f"note {size[1] - 1}"])
            shown = [line for line in terminal.lines if "target lab"[: size[0] - 8] in line]
            assert len(shown) == 1, terminal.lines
            assert len(terminal.lines[-1]) <= size[0]

    within(LONG, work)


def test_an_error_leaves_the_finished_stages(terminal: Terminal) -> None:
    def work() -> None:
        with _board(terminal) as board:
            _start(board)
            board(StageChanged(stage=Stage.APPLY, state=State.FAILED, seconds=2, detail="1 failed"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        within(LONG, work)
    terminal.wait_until(lambda: terminal.is_as_before)
    terminal.close()

    text = " ".join(terminal.lines)
    assert text.startswith("apply     failed       2.0 s")
    assert "1 failed" in text.replace("1 f ailed", "1 failed")


@pytest.mark.parametrize("terminal", [(80, 24)], indirect=True)
def test_no_color_has_no_colour(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    def work() -> None:
        with _board(terminal) as board:
            _start(board)
            board(Notice(text="careful", warning=True))
            terminal.wait_for("careful")
            terminal.wait_for("item-00")
            assert terminal.colours == {"default"}

    within(LONG, work)
    terminal.close()
