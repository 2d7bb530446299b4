from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from homelab import policy
from homelab.cli.app import run
from homelab.model import Topology, document_of
from homelab.policy.synthetic_plan import sketch_plan

ROOT = Path(__file__).parents[3]


@pytest.fixture
def document() -> dict[str, Any]:
    """The topology's JSON form, to be changed."""
    return {**document_of(Topology.load(ROOT / "terraform")), "firewall_policy": "DROP"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one privileged container."""
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
    shutil.copytree(ROOT / "terraform", tmp_path / "terraform", ignore=ignored)
    path = tmp_path / "terraform" / "containers" / "media-stack.tf"
    old = "vmid         = 202"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, f"{old}\n      unprivileged = false", 1))
    (tmp_path / "homelab.toml").write_text('default_target = "lab"\n')
    return tmp_path


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_command_prints_each_form_and_ends_with_1(
    form: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["policy", "--project", str(project), "--format", form])

    assert code == 1
    said = capsys.readouterr().out
    assert "HL201" in said
    assert "media-stack.tf" in said


def test_command_asks_one_rule(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "--project", str(project), "--rule", "HL101"]) == 0
    assert "1 rules: all pass" in capsys.readouterr().out


def test_command_explains_and_lists(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "--project", str(project), "--explain", "unprivileged"]) == 0
    assert "why: Root in a privileged container" in capsys.readouterr().out
    assert run(["policy", "--project", str(project), "--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(policy.RULES)
    assert run(["policy", "--project", str(project), "--explain", "HL000"]) == 1
    assert "there is no rule 'HL000'" in capsys.readouterr().err


def test_command_judges_a_plan(
    project: Path, document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    after = {**document, "containers": dict(document["containers"])}
    del after["containers"]["vaultwarden"]
    path = project / "plan.json"
    path.write_text(json.dumps(sketch_plan(after, document)))
    words = ["policy", "--project", str(project), "--plan", str(path)]

    assert run(words) == 1
    assert "HL403" in capsys.readouterr().out
    assert run([*words, "--allow-delete", "vaultwarden"]) == 0
    path.write_text("{}")
    assert run(words) == 1
    assert "holds no plan" in capsys.readouterr().err
