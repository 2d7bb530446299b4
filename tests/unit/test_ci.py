"""What CI is held to: the README's test command, first, with nothing skipped."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_it_begins_with_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^## Tests\n\n```sh\n(.*?)\n```$", readme, re.MULTILINE | re.DOTALL)
    assert found is not None
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in script if re.search(r"\bnox -s\b", line)]

    assert commands[0] == found[1]


_SKIPPED = {
    "test_a.py": "def test_it():\n    pytest.skip('no root')",
    "test_b.py": "@pytest.mark.skip(reason='not today')\ndef test_it(): ...",
    "test_c.py": "@pytest.mark.skipif(True, reason='no kernel')\ndef test_it(): ...",
    "test_d.py": "pytest.importorskip('no_such_module')\ndef test_it(): ...",
    "test_e.py": "@pytest.mark.xfail\ndef test_it():\n    assert False",
    "test_f.py": "def test_it(): ...",
}


@pytest.mark.parametrize("ci", [True, False])
def test_a_skipped_test_is_a_failure_under_ci(tmp_path: Path, *, ci: bool) -> None:
    conftest = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for name, text in _SKIPPED.items():
        (tmp_path / name).write_text(f"import pytest\n\n{text}\n", encoding="utf-8")
    env = ("env", "-u", "CI", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1", *(("CI=1",) if ci else ()))
    words = (*env, sys.executable, "-m", "pytest", "-ra", "--continue-on-collection-errors")
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert all(why in done.stdout for why in ("no root", "not today", "no kernel"))
    assert "no_such_module" in done.stdout
    if ci:
        assert done.returncode == 1, done.stdout
        assert done.stdout.count("skipped, which counts as a failure under CI: ") >= 4
        assert "1 failed, 1 passed, 1 xfailed, 3 errors" in done.stdout
    else:
        assert done.returncode == 0, done.stdout
        assert "1 passed, 4 skipped, 1 xfailed" in done.stdout


_STUBS = {
    "python3": 'if [ "$1" = -m ]; then mkdir -p "$3/bin"; touch "$3/bin/activate"; fi',
    "pip": "exit ${PIP_ENDS_WITH}",
    "nox": 'echo "$@" >> asked; exit ${NOX_ENDS_WITH}',
}


@pytest.mark.parametrize(
    ("pip", "nox", "code", "asked"),
    [
        (0, 0, 0, ["-s tests", "-s lint typecheck"]),
        (0, 1, 1, ["-s tests"]),
        (1, 0, 1, []),
    ],
)
def test_it_ends_where_the_test_command_fails(
    tmp_path: Path, pip: int, nox: int, code: int, asked: list[str]
) -> None:
    """Also where the installation fails, and the machine has a nox of its own."""
    script = tmp_path / "project" / ".ci" / "run"
    script.parent.mkdir(parents=True)
    script.write_text((ROOT / ".ci" / "run").read_text(encoding="utf-8"), encoding="utf-8")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in _STUBS.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    ends = (f"PIP_ENDS_WITH={pip}", f"NOX_ENDS_WITH={nox}")
    done = subprocess.run(
        ["env", f"PATH={programs}:/usr/bin:/bin", *ends, "bash", str(script)],
        capture_output=True,
        text=True,
        check=False,
    )

    log = script.parents[1] / "asked"
    assert (log.read_text(encoding="utf-8").splitlines() if log.exists() else []) == asked
    assert done.returncode == code, done.stderr
