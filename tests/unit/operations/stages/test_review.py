"""The review writes a plan's files once, and also where it can't come to an end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from homelab.clients.terraform.client import Terraform
from homelab.clients.terraform.plan import Plan
from homelab.errors import ConfigurationError, UnreachableError
from homelab.lab import Lab
from homelab.model import Topology, document_of
from homelab.operations.review.report import PlanReport
from homelab.operations.run.events import Stage
from homelab.operations.run.recorder import Recorder
from homelab.operations.run.run import Run
from homelab.operations.stages.plan import Planned
from homelab.operations.stages.review import review
from homelab.operations.target.target import Target
from homelab.policy.documents import subject_from_plan
from homelab.policy.synthetic_plan import sketch_plan
from homelab.settings import Environment, load

ROOT = Path(__file__).parents[4]


class _CountingRun(Run):
    """A run that remembers the names of what it writes."""

    def write(self, name: str, text: str) -> None:
        _WRITTEN.append(name)
        Run.write(self, name, text)


_WRITTEN: list[str] = []


@pytest.fixture
def run(tmp_path: Path) -> Run:
    left_out = shutil.ignore_patterns(".terraform*", "terraform.tfstate*")
    shutil.copytree(ROOT / "terraform", tmp_path / "terraform", ignore=left_out)
    shutil.copy(ROOT / "homelab.toml", tmp_path)
    _WRITTEN.clear()
    return _CountingRun(
        settings=load(tmp_path, environment=Environment.read({})),
        recorder=Recorder("plan", target="lab", stages=(Stage.REVIEW,), listener=lambda _: None),
        target="lab",
    )


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    state = tmp_path_factory.mktemp("lab") / "lab"
    with Lab(state=state, runtime="memory", listen="127.0.0.1:0", ephemeral=True) as lab:
        yield dict(lab.env())


def _planned() -> Planned:
    topology = Topology.load(ROOT / "terraform")
    document = sketch_plan({**document_of(topology), "firewall_policy": "DROP"})
    plan = Plan.parse(Path("x.tfplan"), document)
    return Planned(
        terraform=Terraform(ROOT / "terraform"),
        plan=plan,
        topology=topology,
        subject=subject_from_plan(document, topology, resources=plan.resources),
        report=PlanReport(
            target="lab", runtime="memory", provider="", changes=plan.changes, containers=28
        ),
    )


def _target(environment: dict[str, str]) -> Target:
    return Target(
        name="lab",
        kind="lab",
        runtime="memory",
        api_url=environment["PM_API_URL"],
        environment=environment,
        variables={},
    )


def test_each_file_is_written_once(run: Run, environment: dict[str, str]) -> None:
    assert review(run, _target(environment), _planned()).is_ok

    assert sorted(_WRITTEN) == ["plan.json", "plan.md", "policy.sarif", "policy.xml"]
    data = json.loads((run.build / "plan.json").read_text())
    assert data["counts"]["create"] == 32
    assert data["policy"]["ok"] is True
    assert "#### Privileges:" in (run.build / "plan.md").read_text()


def test_a_node_that_does_not_answer_leaves_the_plan_without_review(run: Run) -> None:
    nobody = {
        "PM_API_URL": "https://127.0.0.1:1/api2/json",
        "PM_API_TOKEN_ID": "a@pve!b",
        "PM_API_TOKEN_SECRET": "secret",
    }

    with pytest.raises(UnreachableError):
        review(run, _target(nobody), _planned())

    assert sorted(_WRITTEN) == ["plan.json", "plan.md"]
    data = json.loads((run.build / "plan.json").read_text())
    assert data["counts"]["create"] == 32
    assert "review" not in data
    page = (run.build / "plan.md").read_text()
    assert page.startswith("### Plan for `lab`: 32 to create")
    assert '| create | `module.container["plex"].proxmox_lxc.this` |' in page


def test_a_rule_that_can_not_be_read_leaves_the_plan_without_review(
    run: Run, environment: dict[str, str]
) -> None:
    (run.settings.project / "policy").mkdir()
    (run.settings.project / "policy" / "wrong.py").write_text("1 +")

    with pytest.raises(ConfigurationError):
        review(run, _target(environment), _planned())

    assert (run.build / "plan.json").is_file()
    assert (run.build / "plan.md").is_file()
