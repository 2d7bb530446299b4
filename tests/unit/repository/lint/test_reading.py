"""What tools print becomes findings, and findings become one report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.process import Completed, run
from homelab.repository.lint import reading
from homelab.repository.lint.finding import Finding, Level
from homelab.repository.lint.reading import UnreadableError


def _done(stdout: str, *, code: int = 1, stderr: str = "") -> Completed:
    return Completed(argv=("tool", "check"), returncode=code, stdout=stdout, stderr=stderr)


def _sarif(*results: dict[str, Any]) -> str:
    return json.dumps({"version": "2.1.0", "runs": [{"results": list(results)}]})


def _result(**more: Any) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": "./roles/a.yml"}, "region": {"startLine": 3}}
    return {
        "ruleId": "no-handler",
        "level": "error",
        "message": {"text": "bad"},
        "locations": [{"physicalLocation": place}],
        **more,
    }


def test_sarif_has_place_and_rule() -> None:
    found = reading.sarif(prefix="ansible/")(_done(_sarif(_result())))

    assert found == (Finding(rule="no-handler", message="bad", path="ansible/roles/a.yml", line=3),)


def test_sarif_without_a_place_and_with_a_suppression() -> None:
    bare = _result(locations=[], level="note")
    ignored = _result(suppressions=[{"kind": "inSource"}])

    (found,) = reading.sarif()(_done(_sarif(bare, ignored)))

    assert found.path is None
    assert found.level is Level.NOTE
    assert str(found) == "(project): bad [no-handler]"


def test_secret_in_the_history_names_its_commit() -> None:
    result = _result()
    commit = {"commit": {"id": "be031a287f93061f4e6472b0a10de3a536de6fbb"}}
    result["locations"][0]["properties"] = {"git_metadata": commit}

    (found,) = reading.sarif()(_done(_sarif(result)))

    assert found.message == "bad (in commit be031a287f93)"


def test_lines_of_yamllint() -> None:
    said = "./a.yml:43:9: [error] wrong indentation: expected 10 but found 8 (indentation)\n"

    (found,) = reading.yamllint(_done(said))

    assert (found.path, found.line, found.rule) == ("a.yml", 43, "indentation")


def test_broken_layer_names_the_line() -> None:
    said = "- homelab.lab.state.database -> homelab.clients.proxmox (l.12)\n"

    (found,) = reading.import_linter(_done(said))

    assert found.place == "src/homelab/lab/state/database.py:12"
    assert reading.import_linter(_done(said, code=0)) == ()


def test_long_line_of_import_linter_is_one_finding() -> None:
    said = "-   homelab.operations.target.options ->\nhomelab.operations.state.locks (l.7)\n"

    (found,) = reading.import_linter(_done(said))

    assert found.place == "src/homelab/operations/target/options.py:7"


def _contract(directory: Path, text: str) -> tuple[Finding, ...]:
    """What import-linter itself says of a small package with a circle in it."""
    for name, imported in (("a", "b"), ("b", "a")):
        package = directory / "homelab" / name
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / f"of_{name}.py").write_text(f"from homelab.{imported} import of_{imported}\n")
    (directory / "homelab" / "__init__.py").touch()
    begin = '[tool.importlinter]\nroot_package = "homelab"\n[[tool.importlinter.contracts]]\n'
    (directory / "pyproject.toml").write_text(f'{begin}name = "Its rule"\n{text}')
    done = run(
        (
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as main; main()",
            "--no-cache",
        ),
        cwd=directory,
        env={"PYTHONPATH": str(directory)},
        expected=(1,),
    )
    return reading.import_linter(done)


def test_circle_is_a_finding(tmp_path: Path) -> None:
    (found,) = _contract(tmp_path, 'type = "acyclic_siblings"\nancestors = ["homelab"]\n')

    assert str(found) in {
        "(project): homelab.a must not import homelab.b: a circle [layers]",
        "(project): homelab.b must not import homelab.a: a circle [layers]",
    }


def test_module_without_a_layer_is_a_finding(tmp_path: Path) -> None:
    layers = 'type = "layers"\ncontainers = ["homelab"]\nexhaustive = true\nlayers = ["a"]\n'

    (found,) = _contract(tmp_path, layers)

    assert str(found) == "pyproject.toml: homelab.b stands in no layer of its contract [layers]"


def test_broken_layer_is_a_finding(tmp_path: Path) -> None:
    (found,) = _contract(tmp_path, 'type = "layers"\nlayers = ["homelab.b", "homelab.a"]\n')

    assert found.place == "src/homelab/a/of_a.py:1"


def test_stale_page_is_named() -> None:
    (found,) = reading.stale_pages(_done("stale: docs/topology.md\n", code=2))

    assert found.place == "docs/topology.md"
    assert reading.stale_pages(_done("", code=0)) == ()


def test_actionlint_says_null_or_a_list_for_nothing() -> None:
    assert reading.actionlint(_done("null", code=0)) == ()
    assert reading.actionlint(_done("[]", code=0)) == ()


def test_vulnerable_package_names_the_release_that_is_not() -> None:
    weakness = {"id": "PYSEC-1", "fix_versions": ["2.0"]}
    package = {"name": "lib", "version": "1.0", "vulns": [weakness]}

    (found,) = reading.pip_audit(
        _done(json.dumps({"dependencies": [package, {"name": "x", "skip_reason": "local"}]}))
    )

    assert found.message == "lib 1.0 is vulnerable; fixed in 2.0"


@pytest.mark.parametrize(
    "reader",
    [
        reading.yamllint,
        reading.import_linter,
        reading.terraform_fmt,
        reading.stale_pages,
    ],
)
def test_failure_without_a_finding_is_no_success(reader: reading.Reader) -> None:
    with pytest.raises(UnreadableError, match="Traceback"):
        reader(_done("", stderr="Traceback"))


@given(st.text())
def test_what_is_no_json_is_never_taken_for_nothing_found(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        with pytest.raises(UnreadableError):
            reading.sarif()(_done(text))
