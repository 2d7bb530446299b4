"""Running programs: exit codes, output, deadlines, and what can't be started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from homelab import process
from homelab.errors import CapabilityError, CommandError, ConfigurationError, WaitTimeoutError

if TYPE_CHECKING:
    from pathlib import Path


def test_run_returns_what_was_said() -> None:
    done = process.run(["sh", "-c", "echo out; echo err >&2"])

    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "err\n")


def test_run_passes_text_and_bytes_to_the_program() -> None:
    assert process.run(["cat"], stdin="größe").stdout == "größe"
    assert process.run(["cat"], stdin=b"raw").stdout == "raw"


def test_run_gives_no_standard_input_by_default() -> None:
    assert process.run(["cat"], timeout=10).stdout == ""


def test_run_adds_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMELAB_TEST_OWN", "kept")

    done = process.run(
        ["sh", "-c", "echo $HOMELAB_TEST_OWN $HOMELAB_TEST_MORE"], env={"HOMELAB_TEST_MORE": "x"}
    )

    assert done.stdout == "kept x\n"


@pytest.mark.parametrize(
    ("path", "completed"),
    [
        ("/usr/bin:/bin", "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"),
        ("/mine:/usr/sbin:/bin", "/mine:/usr/sbin:/bin:/usr/local/sbin:/sbin"),
        (None, f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin"),
    ],
)
def test_children_find_root_s_programs_after_all_others(
    path: str | None, completed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if path is None:
        monkeypatch.delenv("PATH")
    else:
        monkeypatch.setenv("PATH", path)

    assert process.run(["printenv", "PATH"]).stdout.strip() == completed


def test_what_is_found_is_what_a_child_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for directory in ("bin", "sbin"):
        (tmp_path / directory).mkdir()
        script = tmp_path / directory / "mkfs.test"
        script.write_text(f"#!/bin/sh\necho {directory}\n")
        script.chmod(0o755)
    monkeypatch.setattr(process, "_SBIN", (str(tmp_path / "sbin"),))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    mine = f"{tmp_path / 'bin'}:/usr/bin:/bin"

    assert process.find_program("mkfs.test") == str(tmp_path / "sbin" / "mkfs.test")
    assert process.run(["mkfs.test"]).stdout == "sbin\n"
    assert process.find_program("mkfs.test", path=mine) == str(tmp_path / "bin" / "mkfs.test")
    assert process.run(["mkfs.test"], env={"PATH": mine}).stdout == "bin\n"
    assert process.find_program("no-such-program") is None


def test_process_began_when_it_was_started() -> None:
    program = "from homelab.process import process_began; print(process_began())"
    before = time.time()

    said = process.run([sys.executable, "-c", program]).stdout

    assert before - 0.1 < float(said) < time.time() + 0.1


def test_run_survives_output_that_is_no_text() -> None:
    assert process.run(["printf", r"\377"]).stdout == "\N{REPLACEMENT CHARACTER}"


def test_unexpected_exit_code_is_an_error_with_the_output() -> None:
    with pytest.raises(CommandError) as caught:
        process.run(["sh", "-c", "echo why; exit 3"])

    assert caught.value.returncode == 3
    assert "| why" in str(caught.value)


def test_expected_exit_code_is_returned() -> None:
    assert process.run(["sh", "-c", "exit 2"], expected=(0, 2)).returncode == 2


def test_missing_program_names_it() -> None:
    with pytest.raises(CapabilityError, match="'no-such-program' is not installed"):
        process.run(["no-such-program"])
    with pytest.raises(CapabilityError, match="'no-such-program' is not installed"):
        process.stream(["no-such-program"], print)


def test_missing_directory_is_not_taken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such directory"):
        process.run(["true"], cwd=tmp_path / "gone")
    with pytest.raises(ConfigurationError, match="no such directory"):
        process.stream(["true"], print, cwd=tmp_path / "gone")


def test_program_that_may_not_be_run_is_a_capability_error(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o600)

    with pytest.raises(CapabilityError, match="Permission denied"):
        process.run([script])


def test_deadline_kills_the_program_and_shows_what_it_said() -> None:
    begin = time.monotonic()

    with pytest.raises(WaitTimeoutError, match=r"within 0\.2 s; it said: started"):
        process.run(["sh", "-c", "echo started; exec sleep 30"], timeout=0.2)

    assert time.monotonic() - begin < 5


def test_stream_hands_over_lines_as_they_come() -> None:
    lines: list[str] = []

    code = process.stream(["sh", "-c", "echo one; echo two >&2; printf three"], lines.append)

    assert code == 0
    assert lines == ["one", "two", "three"]


def test_stream_keeps_the_last_lines_for_the_error() -> None:
    with pytest.raises(CommandError) as caught:
        process.stream(["sh", "-c", "seq 300; exit 1"], lambda _: None)

    assert caught.value.output.splitlines() == [str(number) for number in range(101, 301)]


def test_stream_ends_the_program_when_the_reader_fails() -> None:
    begin = time.monotonic()

    def refuse(line: str) -> None:
        raise ValueError(line)

    with pytest.raises(ValueError, match="first"):
        process.stream(["sh", "-c", "echo first; exec sleep 30"], refuse)

    assert time.monotonic() - begin < 5


def test_is_alive_tells_this_process_from_another_with_its_id() -> None:
    own = os.getpid()
    start = process.start_time_of(own)

    assert start is not None
    assert process.is_alive(own)
    assert process.is_alive(own, start_time=start)
    assert not process.is_alive(own, start_time=start + 1)


def test_killed_process_is_never_taken_for_one_that_goes_on() -> None:
    children = [subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) for _ in range(8)]
    try:
        assert not [child for child in children if process.is_dying(child.pid)]
        for child in children:
            child.kill()
            assert process.is_dying(child.pid)
    finally:
        for child in children:
            child.communicate()


def test_zombie_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    try:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

        assert not process.is_alive(child.pid)
    finally:
        child.wait()
    assert not process.is_alive(child.pid)
    assert process.start_time_of(child.pid) is None


def test_bytes_of_a_stream_that_are_no_text_are_seen() -> None:
    lines: list[str] = []

    process.stream(("printf", r"a\233b\nc"), lines.append)

    assert lines == [r"a\x9bb", "c"]
