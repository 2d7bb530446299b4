"""The report of `terraform test`, read."""

from __future__ import annotations

import json

from homelab.clients.terraform.tests import TestRun, parse_runs

FILE = "tests/a.tftest.hcl"


def _run(name: str, status: str, **more: str) -> str:
    run = {"path": FILE, "run": name, "status": status, **more}
    return json.dumps({"type": "test_run", "@testfile": FILE, "@testrun": name, "test_run": run})


def _error(name: str) -> str:
    where = {"filename": FILE, "start": {"line": 7}}
    problem = {"severity": "error", "summary": "Wrong.", "detail": "No.", "range": where}
    return json.dumps(
        {"type": "diagnostic", "@testfile": FILE, "@testrun": name, "diagnostic": problem}
    )


def test_each_run_has_what_was_said_about_it() -> None:
    runs = parse_runs(["Terraform 1.11", _run("a", "pass"), _run("b", "fail"), _error("b")])

    assert [run.is_ok for run in runs] == [True, False]
    assert str(runs[1]) == f"{FILE} b fail: {FILE}:7: Wrong. No."


def test_a_run_that_only_starts_has_not_passed() -> None:
    started = _run("a", "pending", progress="starting")

    assert parse_runs([started]) == ()
    assert parse_runs([started, _run("a", "pass", progress="complete")])[0].is_ok


def test_an_error_outside_of_a_run_is_one() -> None:
    assert parse_runs([_error("")]) == (
        TestRun(file=FILE, name="", status="error", problems=(f"{FILE}:7: Wrong. No.",)),
    )
