"""What the files of .github/ must say; tests/integration/workflows runs them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted((GITHUB / "actions").glob("*/action.yml"))
SETUP = "./.github/actions/setup"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for path in WORKFLOWS:
        for key, job in read(path)["jobs"].items():
            yield f"{path.stem}/{key}", job["steps"]


JOBS = dict(jobs())
COMPOSITE = {f"./{path.parent.relative_to(ROOT)}": read(path) for path in ACTIONS}


def contents(step: dict[str, Any]) -> str:
    """A step without what it is called, as text."""
    return json.dumps({key: step[key] for key in ("uses", "run") if key in step})


def test_what_is_here() -> None:
    assert len(JOBS) == 10
    assert set(COMPOSITE) == {SETUP}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_checks_out_and_is_set_up_by_the_action(name: str) -> None:
    checkout, setup, *_ = JOBS[name]
    assert checkout["uses"].startswith("actions/checkout@")
    assert checkout["with"]["persist-credentials"] is False
    assert setup["uses"] == SETUP


@pytest.mark.parametrize("name", JOBS)
def test_no_workflow_repeats_the_set_up_steps(name: str) -> None:
    inside = {contents(step) for action in COMPOSITE.values() for step in action["runs"]["steps"]}
    for step in JOBS[name]:
        assert contents(step) not in inside, step
        assert "setup-python" not in step.get("uses", ""), step
        assert not re.search(r"\bpip\b|\buv\b", step.get("run", "")), step


def test_every_action_of_others_is_pinned_to_one_commit() -> None:
    steps = [step for steps in JOBS.values() for step in steps]
    steps += [step for action in COMPOSITE.values() for step in action["runs"]["steps"]]
    revisions: dict[str, set[str]] = {}
    for step in steps:
        uses = step.get("uses")
        if uses is None or uses.startswith("./"):
            assert uses is None or uses in COMPOSITE, uses
            continue
        assert PINNED.fullmatch(uses), f"{uses} is not pinned"
        action, _, revision = uses.partition("@")
        revisions.setdefault(action, set()).add(revision)
    assert {"actions/checkout", "actions/setup-python"} <= revisions.keys()
    assert all(len(found) == 1 for found in revisions.values()), revisions
    for path in (*WORKFLOWS, *ACTIONS):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "@" not in line or "uses:" not in line or re.search(r"# v\d", line), line


@pytest.mark.parametrize("name", COMPOSITE)
def test_an_action_says_what_it_takes_and_is_handed_no_more(name: str) -> None:
    action = COMPOSITE[name]
    assert action["name"]
    assert action["description"]
    assert action["runs"]["using"] == "composite"
    for option in action["inputs"].values():
        assert option["description"]
        assert option.get("default") or option["required"]
    for step in action["runs"]["steps"]:
        assert step["name"]
        assert step.get("shell") == ("bash" if "run" in step else None)
        assert "${{" not in step.get("run", ""), "an expression in a script is an injection"
    for job, steps in JOBS.items():
        for step in steps:
            if step.get("uses") == name:
                assert step.get("with", {}).keys() <= action["inputs"].keys(), job


def test_pythons_are_the_newest_and_for_unit_tests_the_oldest_too() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = (re.search(r":: (3\.\d+)$", text) for text in project["classifiers"])
    supported = [match[1] for match in found if match]
    asked = {
        name: step.get("with", {}).get("python-version", "").split()
        for name, steps in JOBS.items()
        for step in steps
        if step.get("uses") == SETUP
    }
    inputs = COMPOSITE[SETUP]["inputs"]
    assert inputs["python-version"]["default"] == supported[-1]
    assert asked.pop("terraform-plan/tests") == [supported[0], supported[-1]]
    assert set(map(tuple, asked.values())) == {()}
    [python] = [step for step in COMPOSITE[SETUP]["runs"]["steps"] if "uses" in step]
    assert python["with"] == {"python-version": "${{ inputs.python-version }}"}
