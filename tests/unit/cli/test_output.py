from __future__ import annotations

import io
import logging
import os
import threading

import pytest
from rich.console import Console

from homelab.cli import output
from homelab.cli.board import Board
from homelab.cli.output import PlainLog, line_of
from homelab.operations.run.events import (
    Event,
    ItemChanged,
    ItemsKnown,
    Notice,
    OperationStarted,
    Progress,
    Stage,
    StageChanged,
    State,
)

_EVENTS: tuple[Event, ...] = (
    OperationStarted(name="deploy", target="lab", stages=(Stage.APPLY, Stage.VALIDATE)),
    ItemsKnown(items=tuple(f"container-{number}" for number in range(28))),
    StageChanged(stage=Stage.APPLY, state=State.RUNNING),
    Progress(stage=Stage.APPLY, text="terraform"),
    ItemChanged(stage=Stage.APPLY, item="container-3", state=State.RUNNING),
    ItemChanged(stage=Stage.APPLY, item="container-3", state=State.DONE, detail="created"),
    ItemChanged(stage=Stage.APPLY, item="container-4", state=State.FAILED, detail="no space"),
    StageChanged(stage=Stage.APPLY, state=State.FAILED, seconds=2.0, detail="1 failed"),
    Notice(text="limits are not enforced", warning=True),
)


def test_log_has_a_line_with_the_time_for_what_matters() -> None:
    stream = io.StringIO()
    now = iter(range(100))
    log = PlainLog(stream, clock=lambda: float(next(now)))

    for event in _EVENTS:
        log(event)

    lines = stream.getvalue().splitlines()
    assert lines[0] == "[   1.0s] deploy: target lab"
    assert "apply: container-3 done (created)" in stream.getvalue()
    assert "running" not in stream.getvalue()


def test_lines_of_several_threads_are_whole() -> None:
    """One write a line: two of them could be cut by another thread's."""
    writes: list[str] = []
    stream = io.StringIO()
    stream.write = lambda text: writes.append(text) or len(text)  # type: ignore[method-assign]
    log = PlainLog(stream)

    speakers = [
        threading.Thread(target=log, args=(Notice(text=f"number {number}"),)) for number in range(8)
    ]
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join()

    assert sorted(text.partition("] ")[2] for text in writes) == [
        f"note: number {number}\n" for number in range(8)
    ]


def test_a_reader_who_left_ends_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        log = PlainLog(stream)
        for event in _EVENTS:
            log(event)


def test_what_guests_say_moves_no_cursor() -> None:
    stream = io.StringIO()

    PlainLog(stream)(Notice(text="plex says \x1b[2J\x9b1mhello\r\tfriend\nof mine"))

    first, second = stream.getvalue().splitlines()
    assert first.endswith("plex says \\x1b[2J\\x9b1mhello\\r\tfriend")
    assert second == " " * 10 + "of mine"


def test_every_event_has_a_line_or_none() -> None:
    assert [bool(line_of(event)) for event in _EVENTS] == [
        True, False, True, True, False, True, True, True, True,
    ]  # fmt: skip


def test_board_shows_28_containers_on_one_screen() -> None:
    console = Console(file=io.StringIO(), width=120, height=40, force_terminal=True)

    with Board(console) as board:
        for event in _EVENTS:
            board(event)
    with console.capture() as capture:
        console.print(board.render())

    shown = capture.get()
    assert all(f"container-{number}" in shown for number in range(28))
    assert len(shown.splitlines()) < 40


def test_board_leaves_the_finished_stages() -> None:
    with Board(Console(file=io.StringIO(), width=100)) as board:
        for event in _EVENTS:
            board(event)

    (line,) = board.closing_lines()
    assert "apply" in line.plain
    assert "failed" in line.plain


def test_a_line_is_one_line_and_what_is_said_may_be_several(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.emit("one\x1b[2J\ntwo", "three")
    output.say("four\x1b[2J\nfive")

    shown = capsys.readouterr()
    assert shown.out == "one\\x1b[2J\\ntwo\nthree\n"
    assert shown.err == "four\\x1b[2J\nfive\n"


def test_a_traceback_and_the_log_move_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    record = logging.LogRecord("a", logging.INFO, "a.py", 1, "said %s", ("\x1b[2J",), None)
    error = ValueError("\x1b[2J")

    output.report_unexpected(ValueError, error, None)

    assert capsys.readouterr().err == "ValueError: \\x1b[2J\n"
    assert output.LogFormatter("%(message)s").format(record) == "said \\x1b[2J"
