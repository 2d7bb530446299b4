"""The errors' tree, their text, and what they carry."""

from __future__ import annotations

import inspect
import re

import pytest

from homelab import errors
from homelab.errors import (
    ApiError,
    CleanupError,
    CommandError,
    HomelabError,
    TaskError,
    TopologyError,
)


def _drawn() -> dict[str, str]:
    """Each class of the docstring's drawing with the one that it hangs on."""
    assert errors.__doc__ is not None
    drawing = re.search(r"```\n(.*?)```", errors.__doc__, re.DOTALL)
    assert drawing is not None
    parents: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for line in drawing[1].splitlines():
        name = line.lstrip("│├└─ ")
        depth = len(line) - len(name)
        while stack and stack[-1][0] >= depth:
            stack.pop()
        parents[name] = stack[-1][1] if stack else "Exception"
        stack.append((depth, name))
    return parents


def test_docstring_draws_the_classes_that_exist() -> None:
    defined = {
        name: cls.__bases__[0].__name__
        for name, cls in inspect.getmembers(errors, inspect.isclass)
        if cls.__module__ == errors.__name__
    }

    assert _drawn() == defined


def test_hint_is_shown_on_its_own_line() -> None:
    error = HomelabError("no such target 'prod'", hint="choose one of: lab, production")

    assert str(error) == "no such target 'prod'\n  what to do: choose one of: lab, production"


def test_no_hint_shows_the_message_alone() -> None:
    assert str(HomelabError("port 8006 is in use")) == "port 8006 is in use"


@pytest.mark.parametrize(
    ("problems", "head"),
    [(("a",), "1 problem in the topology:"), (("a", "b"), "2 problems in the topology:")],
)
def test_topology_error_lists_every_problem(problems: tuple[str, ...], head: str) -> None:
    lines = str(TopologyError(problems)).splitlines()

    assert lines == [head, *(f"  {problem}" for problem in problems)]


def test_command_error_shows_the_end_of_the_output() -> None:
    output = "\n".join(f"line {number}" for number in range(50))

    error = CommandError(("terraform", "plan"), 1, output)

    assert str(error).startswith("terraform plan ended with exit code 1\n  | line 30\n")
    assert str(error).endswith("| line 49")
    assert error.output == output


def test_command_error_without_output_is_one_line() -> None:
    assert str(CommandError(("false",), 1, "")) == "false ended with exit code 1"


def test_api_error_keeps_the_api_s_words() -> None:
    error = ApiError(500, "no such VM ('999')", request="GET /nodes/pve/lxc/999/config")

    assert str(error) == "GET /nodes/pve/lxc/999/config: 500 no such VM ('999')"
    assert (error.status, error.reason) == (500, "no such VM ('999')")


def test_task_error_shows_the_task_s_log() -> None:
    error = TaskError("UPID:pve:1", "command failed", ["extracting archive", "no space left"])

    assert str(error).splitlines() == [
        "task UPID:pve:1 failed: command failed",
        "  | extracting archive",
        "  | no space left",
    ]


def test_cleanup_error_lists_all_errors() -> None:
    causes = [OSError("busy"), ValueError("odd")]

    error = CleanupError(causes)

    assert error.errors == tuple(causes)
    assert str(error).splitlines() == [
        "2 steps of the clean-up failed:",
        "  OSError: busy",
        "  ValueError: odd",
    ]


@pytest.mark.parametrize(
    "error",
    [
        ApiError(500, "no\n  what to do: run this\nerror: that", request="GET /x", hint="ours"),
        TaskError("UPID:pve:1", "no\nerror: that", ["one\n  what to do: run this", "two"]),
        CommandError(("false",), 1, "no\n  what to do: run this\nerror: that", hint="ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_line_that_others_wrote_passes_for_ours(error: HomelabError) -> None:
    _, *more = str(error).splitlines()

    assert [line for line in more if not line.startswith("  | ")] == (
        ["  what to do: ours"] if error.hint else []
    )
