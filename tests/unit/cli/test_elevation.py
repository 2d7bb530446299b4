from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from homelab.cli import app, elevation
from homelab.operations.run import ownership
from homelab.polling import wait_until


def test_root_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elevation, "is_root", lambda: True)

    elevation.require_root("this", [])


def test_others_run_the_same_command_through_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(elevation, "is_root", lambda: False)
    monkeypatch.setattr(elevation, "go_on_as_root", lambda why, argv, **_: seen.extend((why, argv)))

    elevation.require_root("deploying", ["deploy", "--plain"])

    assert seen == ["deploying", (sys.executable, "-P", "-m", "homelab.cli", "deploy", "--plain")]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["lab", "capabilities"], None),
        (["inventory", "--project", "{}"], "{}"),
    ],
)
def test_every_command_of_root_s_leaves_the_project_to_its_owner(
    words: list[str], named: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "homelab.toml").touch()
    given: list[Path | None] = []
    monkeypatch.setattr(elevation, "is_root", lambda: True)
    monkeypatch.setattr(ownership, "give_back_around", given.append)
    before = signal.getsignal(signal.SIGINT)

    app.run([word.format(tmp_path) for word in words])

    assert given == [None if named is None else tmp_path]
    assert signal.getsignal(signal.SIGINT) is before


def test_an_ordinary_user_s_command_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elevation, "is_root", lambda: False)
    monkeypatch.setattr(ownership, "give_back_around", lambda *_, **__: pytest.fail("it did"))

    elevation.leave_to_owner(None)


def test_a_terminal_that_is_closed_interrupts_and_does_not_kill(tmp_path: Path) -> None:
    words = ("lab", "wait", "--timeout", "60", "--state", str(tmp_path / "lab"))
    argv = ("env", "--default-signal=HUP", sys.executable, "-m", "homelab.cli", *words)
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as child:
        status = Path(f"/proc/{child.pid}/status")
        wait_until(
            lambda: int(status.read_text().partition("SigCgt:\t")[2].split()[0], 16) & 1,
            what="the command to mind the signal",
            timeout=120,
        )
        child.send_signal(signal.SIGHUP)
        said = child.communicate()[1]

    assert child.returncode == app.INTERRUPTED
    assert "interrupted" in said


def test_an_interrupt_while_a_class_is_made_ends_with_the_same_exit_code(tmp_path: Path) -> None:
    """`python -m` dies by SIGINT where a caught interrupt has passed through exec() of a text."""
    (tmp_path / "interrupted.py").write_text(
        "import sys\n"
        "from homelab.cli import app\n"
        "app.app.main = lambda **_: exec('raise KeyboardInterrupt')\n"
        "sys.exit(app.run([]))\n"
    )
    child = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert child.returncode == app.INTERRUPTED, child.stderr
