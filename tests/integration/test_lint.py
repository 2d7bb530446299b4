"""Each tool of `homelab lint` finds the mistake that it is there for, in a repository with all.

Needs the tools, which `nox -s lint` installs.
"""

from __future__ import annotations

import json
import random
import shutil
import string
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from homelab.repository.lint.report import ScanReport
from homelab.repository.lint.scan import OFFLINE, scan
from homelab.repository.lint.tools import TOOLS
from homelab.settings import Environment, load

ROOT = Path(__file__).parents[2]
WORKFLOW = """
on: pull_request_target
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.pull_request.titel }} ${{ github.head_ref }}
"""
ACTION = """
name: One
description: An action of this repository
runs:
  using: composite
  steps:
    - uses: actions/setup-python@v5
"""
PLAYBOOK = """---
- hosts: all
  tasks:
    - shell: cat /etc/hostname
"""

LAYERS = """
[tool.importlinter]
root_package = "homelab"

[[tool.importlinter.contracts]]
name = "Layers"
type = "layers"
layers = ["homelab.cli", "homelab.errors"]
"""


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    programs = Path(sys.executable).parent
    missing = [
        tool.argv[0]
        for tool in TOOLS
        if not tool.optional and shutil.which(tool.argv[0], path=str(programs)) is None
    ]
    missing = [name for name in missing if name != "terraform"]
    if missing and Environment.read().ci:
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; nox -s lint installs them")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ScanReport:
    """What is found in a project with one mistake for each tool."""
    project = tmp_path_factory.mktemp("mistakes")
    for name in (".yamllint", ".gitignore", "homelab.toml"):
        shutil.copy(ROOT / name, project)
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    files = {
        "pyproject.toml": settings.partition("[tool.importlinter]")[0] + LAYERS,
        "src/homelab/__init__.py": '"""A package."""\n',
        "src/homelab/errors.py": '"""The lowest line."""\n\nimport homelab.cli\n',
        "src/homelab/cli/__init__.py": '"""The highest line."""\n\nx = [ 1 ]\n',
        "ansible/playbooks/site.yml": PLAYBOOK,
        "ansible/.ansible-lint": "profile: production\n",
        "configs/a.yml": "a: 1\na: 2\n",
        ".github/workflows/a.yml": WORKFLOW,
        ".github/actions/a/action.yml": ACTION,
        "terraform/main.tf": "locals {\n  a=1\n}\n",
    }
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    # A key that was committed and removed again; made here, so that this file holds none.
    source = random.Random(4)  # noqa: S311  (the key opens nothing)
    key = "AKIA" + "".join(source.choices(string.ascii_uppercase + "234567", k=16))
    secret = "".join(source.choices(string.ascii_letters + string.digits, k=40))
    leaked = project / "leaked.py"
    leaked.write_text(f'aws_access_key_id = "{key}"\naws_secret_access_key = "{secret}"\n')
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (("init", "-q"), ("add", "leaked.py"), ("commit", "-q", "-m", "Leak")):
        subprocess.run([*git, *words], cwd=project, check=True)
    leaked.unlink()
    subprocess.run([*git, "commit", "-q", "-am", "Remove it"], cwd=project, check=True)
    found = scan(load(project))
    assert secret not in (project / "build/lint.sarif").read_text(encoding="utf-8")
    document = json.loads((project / "build/lint.sarif").read_text(encoding="utf-8"))
    assert len(document["runs"]) == sum(result.not_checked is None for result in found.results)
    junit = ET.parse(project / "build/lint.junit.xml").getroot()  # noqa: S314  (ours)
    assert [suite.get("name") for suite in junit] == [tool.name for tool in TOOLS]
    return found


@pytest.mark.parametrize(
    ("tool", "rule", "place"),
    [
        ("ruff", "PLC0414|I001|F401|D", "src/homelab/errors.py"),
        ("ruff-format", "format", "src/homelab/cli/__init__.py"),
        ("import-linter", "layers", "src/homelab/errors.py:3"),
        ("kingfisher", "aws", "leaked.py:1"),
        ("ansible-lint", "fqcn|command-instead-of-shell", "ansible/playbooks/site.yml"),
        ("yamllint", "key-duplicates", "configs/a.yml:2"),
        ("actionlint", "expression", ".github/workflows/a.yml:8"),
        ("zizmor", "zizmor/", ".github/workflows/a.yml"),
        ("zizmor", "unpinned-uses", ".github/actions/a/action.yml"),
        ("terraform-fmt", "format", "terraform/main.tf"),
    ],
)
def test_mistake_is_found(report: ScanReport, tool: str, rule: str, place: str) -> None:
    (result,) = (result for result in report.results if result.tool == tool)

    assert any(
        any(word in finding.rule for word in rule.split("|")) and finding.place.startswith(place)
        for finding in result.findings
    ), [str(finding) for finding in result.findings]


def test_secret_of_the_past_names_its_commit(report: ScanReport) -> None:
    (result,) = (result for result in report.results if result.tool == "kingfisher")

    assert any("in commit" in finding.message for finding in result.findings)


def test_what_was_not_asked_is_said(report: ScanReport) -> None:
    (audit,) = (result for result in report.results if result.tool == "pip-audit")

    assert audit.not_checked == OFFLINE
    assert any("not checked" in line for line in report.lines())
