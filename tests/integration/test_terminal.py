"""What a person sees and types: deploys, interruptions and shells on a pseudo terminal.

One lab with two real containers serves all tests here, and they build on each other in the order
in which they stand. Needs root and what `homelab doctor --fix` installs.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_tree import keep
from terminal import Terminal

pytestmark = [pytest.mark.usefixtures("able")]

_CONTAINERS = ("ntfy", "vikunja")
_STAGES = ("prepare", "plan", "review", "images", "apply", "configure", "validate")
_LONG = 300.0
_HOMELAB = (sys.executable, "-m", "homelab.cli")
_COLOUR = re.compile(rb"\x1b\[(?:[\d;]*;)?(?:3|4|9|10)\d(?:;[\d;]*)?m")
"""A sequence that sets a colour (ECMA-48, SGR 30 to 49 and 90 to 107)."""


@pytest.fixture(scope="module")
def deployed(
    able: None, make_project: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    project = make_project(tmp_path_factory.mktemp("terminal") / "project")
    keep(project.directory, _CONTAINERS)
    yield project
    project.ok("lab", "destroy")


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with Terminal(80, 24) as made:
        yield made


def _start(
    project: Any, terminal: Terminal, *argv: str | Path, **env: str
) -> subprocess.Popen[bytes]:
    environment = {
        name: value
        for name, value in project.environment().items()
        if name not in {"CI", "NO_COLOR", "TERM", "COLUMNS", "LINES", "FORCE_COLOR"}
    }
    return terminal.start(argv, cwd=project.directory, env={**environment, **env})


def _stages(project: Any) -> dict[str, dict[str, Any]]:
    report = json.loads(project.file("build/deploy.json").read_text("utf-8"))
    return {stage["stage"]: stage for stage in report["stages"]}


def _interrupted_stage(project: Any) -> str | None:
    found = [name for name, seen in _stages(project).items() if seen["detail"] == "interrupted"]
    return found[0] if found else None


def _shown(terminal: Terminal, stage: str) -> str | None:
    """The state that the board shows for a stage."""
    words = [line.split() for line in terminal.lines]
    return next((line[1] for line in words if line[0] == stage and len(line) > 1), None)


def _is_whole(lines: list[str], running: str) -> bool:
    """Whether there is one board, with the stage that runs and every container."""
    below = lines[[line[:7] for line in [*lines, "deploy "]].index("deploy ") :]
    return (
        sum("target lab" in line for line in lines) == 1
        and any(line.split()[:2] == [running, "running"] for line in below)
        and all(name in "\n".join(below[-len(_CONTAINERS) :]) for name in _CONTAINERS)
    )


def _was_interrupted(deploy: subprocess.Popen[bytes], terminal: Terminal) -> None:
    assert deploy.wait(_LONG) == 130, "\n".join(terminal.past)
    terminal.wait_for("the same command goes on from there")
    assert "Traceback" not in "\n".join(terminal.past)
    assert terminal.is_as_before


def _ends_well(deploy: subprocess.Popen[bytes], terminal: Terminal) -> None:
    assert deploy.wait(_LONG) == 0, "\n".join(terminal.past)
    terminal.wait_for("written: build/deploy.json")
    assert any("2 of 2 services are heal" in line for line in terminal.past)
    assert terminal.is_as_before


@pytest.mark.parametrize("stage", _STAGES[:-1])
def test_ctrl_c_in_each_stage(deployed: Any, terminal: Terminal, stage: str) -> None:
    """Each run goes on from where the one before it was cut off."""
    deploy = _start(deployed, terminal, *_HOMELAB, "deploy", "--plain")

    terminal.wait_for(f"{stage}: started", timeout=_LONG)
    terminal.type("\x03")

    _was_interrupted(deploy, terminal)
    # A short stage may be over before the key arrives.
    assert _interrupted_stage(deployed) in {*_STAGES[_STAGES.index(stage) :], None}


def test_ctrl_c_while_a_service_is_asked(deployed: Any, terminal: Terminal) -> None:
    """The last stage is over at once unless a service can't be reached."""
    table = ("iptables", "-t", "raw", "-w")
    rule = ("PREROUTING", "-i", "eth0", "-p", "tcp", "-m", "multiport", "--dports", "80,2586")
    inside = ("lab", "exec", "ntfy", "--")
    deployed.ok("deploy", "--plain")
    deployed.ok(*inside, *table, "-I", *rule, "-j", "DROP")
    deploy = _start(deployed, terminal, *_HOMELAB, "deploy")

    terminal.wait_until(lambda: _shown(terminal, "validate") == "running", timeout=_LONG)
    terminal.type("\x03")

    _was_interrupted(deploy, terminal)
    assert _interrupted_stage(deployed) == "validate"
    deployed.ok(*inside, *table, "-D", *rule, "-j", "DROP")
    deployed.ok("probe")


@pytest.mark.parametrize("stage", ["apply", "configure"])
def test_ctrl_c_while_the_board_is_up(deployed: Any, terminal: Terminal, stage: str) -> None:
    deployed.edit("terraform/containers/monitoring.tf", '"Push', '"A push')
    fault = ("--method", "PUT", "--path", "/nodes/*/lxc/*/config", "--delay", "3", "--times", "1")
    deployed.ok("lab", "fault", "add", *fault)
    deploy = _start(deployed, terminal, *_HOMELAB, "deploy")

    terminal.wait_until(lambda: _shown(terminal, stage) == "running", timeout=_LONG)
    assert any("deploy  target lab" in line for line in terminal.lines)
    terminal.type("\x03")

    _was_interrupted(deploy, terminal)
    assert _interrupted_stage(deployed) == stage
    assert any(
        line.startswith(stage) and line.endswith("interrupted") for line in terminal.lines
    ), terminal.lines
    assert not any("deploy  target lab" in line for line in terminal.lines)
    deployed.edit("terraform/containers/monitoring.tf", '"A push', '"Push')


@pytest.mark.parametrize("size", [(80, 24), (40, 10)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_board_fits_and_takes_on_a_new_size(deployed: Any, size: tuple[int, int]) -> None:
    with Terminal(*size) as terminal:
        deploy = _start(deployed, terminal, *_HOMELAB, "deploy")
        terminal.wait_for("target lab", timeout=_LONG)
        terminal.resize(60, 12)
        terminal.wait_until(lambda: _is_whole(terminal.lines, "configure"), timeout=_LONG)
        _ends_well(deploy, terminal)


def test_no_color_has_a_board_without_colours(deployed: Any, terminal: Terminal) -> None:
    plan = _start(deployed, terminal, *_HOMELAB, "plan", NO_COLOR="1")

    assert plan.wait(_LONG) == 0, "\n".join(terminal.past)
    terminal.wait_until(lambda: terminal.is_as_before)
    assert b"plan  target lab" in terminal.raw  # the board was there
    assert b"\x1b[" in terminal.raw
    assert _COLOUR.search(terminal.raw) is None


@pytest.mark.parametrize(("words", "kind"), [((), "dumb"), (("-v",), "xterm")])
def test_a_terminal_that_can_show_no_board_has_lines(
    deployed: Any, terminal: Terminal, words: tuple[str, ...], kind: str
) -> None:
    plan = _start(deployed, terminal, *_HOMELAB, *words, "plan", TERM=kind)

    assert plan.wait(_LONG) == 0, "\n".join(terminal.past)
    terminal.wait_for("s] plan: started")
    assert b"\x1b" not in terminal.raw


def test_head_ends_the_lines_and_not_the_deploy(deployed: Any, terminal: Terminal) -> None:
    words = f"{sys.executable} -m homelab.cli deploy | head -n 2; echo codes ${{PIPESTATUS[*]}}"
    deploy = _start(deployed, terminal, "bash", "-c", words)

    assert deploy.wait(_LONG) == 0
    terminal.wait_for("codes 0 0")
    said = [line for line in terminal.past if line]
    assert said[0].endswith("deploy: target lab"), said
    assert len(said) == 3, said
    assert _stages(deployed)["validate"]["state"] == "done"


def test_less_shows_the_lines(deployed: Any, terminal: Terminal) -> None:
    pager = _start(
        deployed, terminal, "sh", "-c", f"{sys.executable} -m homelab.cli plan | less", LESS=""
    )

    terminal.wait_for("plan: target lab", timeout=_LONG)
    terminal.type("q")

    assert pager.wait(_LONG) == 0
    assert "Traceback" not in "\n".join(terminal.past)
    assert terminal.is_as_before


@pytest.mark.parametrize("where", ["ntfy", None])
def test_a_shell(deployed: Any, terminal: Terminal, where: str | None) -> None:
    words = () if where is None else (where,)
    shell = _start(deployed, terminal, *_HOMELAB, "lab", "shell", *words)

    terminal.wait_until(lambda: terminal.lines[-1:] != [] and terminal.lines[-1].endswith("#"))
    terminal.type("echo hello-$((40 + 2)); tty\r")
    terminal.wait_for("hello-42")
    terminal.wait_for("/dev/")
    terminal.type("sleep 100\r")
    terminal.wait_for("sleep 100")
    terminal.type("\x03")
    terminal.type("stty size; echo still-$((40 + 3)) here\r")
    terminal.wait_for("still-43 here")
    terminal.wait_for("24 80")
    terminal.resize(100, 30)
    terminal.type("stty size\r")
    terminal.wait_for("30 100")
    terminal.type("exit 7\r")

    assert shell.wait(_LONG) == 7, "\n".join(terminal.past)
    assert terminal.is_as_before
