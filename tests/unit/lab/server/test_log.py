from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from homelab.lab.server.log import BoundedFile, OneLine, Quota, old_log


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("lab", logging.INFO, __file__, 1, message, args, None)


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "\x1b[31mred", "\x9b31m", "a\u2028b", "\x00"])
def test_a_message_is_one_line_without_escapes(text: str) -> None:
    line = OneLine().format(record("asked for %s", text))
    assert line.isprintable()
    assert line.splitlines() == [line]


def test_a_message_has_an_end() -> None:
    assert len(OneLine().format(record("x" * 1_000_000))) < 3000


def test_a_traceback_can_not_be_taken_for_records() -> None:
    try:
        int("x\n2026-01-01 00:00:00,000 INFO forged")
    except ValueError as error:
        made = record("failed")
        made.exc_info = (type(error), error, error.__traceback__)
    first, *more = OneLine().format(made).splitlines()
    assert first.endswith("INFO failed")
    assert all(line.startswith("  | ") for line in more)


def test_what_is_too_much_is_counted() -> None:
    now = [0.0]
    quota = Quota(3, clock=lambda: now[0])
    assert [bool(quota.filter(record("x"))) for _ in range(5)] == [True] * 3 + [False] * 2
    now[0] = 61.0
    late = record("late %s", "one")
    assert quota.filter(late)
    assert late.getMessage() == "late one (2 more lines were not kept)"


PROGRAM = """
import logging, os, sys
from pathlib import Path
from homelab.lab.server.log import BoundedFile
handler = BoundedFile(Path(sys.argv[1]), most=4096)
logging.basicConfig(level=logging.INFO, handlers=[handler])
for number in range(200):
    logging.info("line %s", number)
os.write(1, b"the end on standard output")
"""


def test_a_full_log_is_put_aside_and_all_goes_on_in_the_next(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    with path.open("ab") as file:
        command = (sys.executable, "-c", PROGRAM, path)
        subprocess.run(command, stdout=file, stderr=file, check=True)
    assert path.read_bytes().endswith(b"the end on standard output")
    assert path.stat().st_size < 5000
    assert old_log(path).stat().st_size < 5000
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_file_is_left_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "server.log"
    path.write_text("something else")
    handler = BoundedFile(path, most=1)
    handler.emit(record("hello"))
    assert path.read_text() == "something else"
    assert not old_log(path).exists()
    assert "hello" in capfd.readouterr().err
