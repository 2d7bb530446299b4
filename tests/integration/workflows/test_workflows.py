"""Every job of .github/workflows, run here step by step: GitHub is a fake, the rest is real.

Production is a second lab that keeps state only, so what needs a container is said as not run.
The long checks are cut short where CI does them anyway beside this: one unit test instead of all,
and mypy with its cache.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_github import FakeGitHub, fake_github
from runner import Event, Job, Runner, machine

from homelab.settings import cache_directory

ROOT = Path(__file__).parents[3]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCHEDULE = Event(name="schedule")


def _pull_request(number: int, origin: str) -> Event:
    head = {"repo": {"full_name": origin}}
    payload = {"number": number, "pull_request": {"number": number, "head": head}}
    return Event(name="pull_request", payload=payload)


def _git(repository: Path, *words: str) -> str:
    own = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "gc.auto=0")
    done = subprocess.run(
        ["git", *own, *words], cwd=repository, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of what is committed here, in which tests may commit."""
    directory = tmp_path_factory.mktemp("workflows") / "repository"
    _git(ROOT, "clone", "--quiet", "--no-hardlinks", str(ROOT), str(directory))
    return directory


@pytest.fixture(scope="module")
def github() -> Iterator[FakeGitHub]:
    with fake_github() as fake:
        yield fake


@pytest.fixture(scope="module")
def runner(
    repository: Path,
    github: FakeGitHub,
    tmp_path_factory: pytest.TempPathFactory,
    make_project: Callable[[Path], Any],
) -> Iterator[Runner]:
    """Jobs with a production of their own: a lab that keeps state only."""
    work = tmp_path_factory.mktemp("jobs")
    production = make_project(work / "production")
    production.ok("lab", "up", "--runtime", "memory")
    exports = production.exports()
    names = ("PM_API_TOKEN_ID", "PM_API_TOKEN_SECRET")
    outside = {name: exports[name] for name in ("HOMELAB_CA_FILE", "TF_CLI_CONFIG_FILE")}
    shared = ROOT / ".nox"
    # An environment that was made from something else would be made anew, and taken from CI.
    mine, theirs = ((path / "pyproject.toml").read_bytes() for path in (ROOT, repository))
    usable = mine == theirs and (shared / "homelab" / "installed").is_file()
    made = Runner(
        repository=repository,
        work=work,
        api_url=github.url,
        env={
            **machine(work, cache_directory()),
            **outside,
            "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache"),
            "PYTEST_ADDOPTS": "--ignore-glob=*/tests/unit/[!m]* -k test_sizes",
        },
        variables={"PM_API_URL": exports["PM_API_URL"]},
        secrets={
            **{name: exports[name] for name in names if exports.get(name)},
            "HOMELAB_NTFY_URL": f"{github.url}/topic",
        },
        state=work / "state",
        local_settings='[targets.lab]\nkind = "lab"\nruntime = "memory"\n',
        nox=shared if usable else None,
    )
    yield made
    production.ok("lab", "destroy")
    production.ok("lab", "destroy", HOMELAB_LAB_STATE=made.env["HOMELAB_LAB_STATE"])


def _well(jobs: dict[str, Job]) -> None:
    for job in jobs.values():
        assert job.result == "success", job.report()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_least_permissions_and_groups(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))

    assert document["permissions"] == {}
    assert document["concurrency"]["group"]
    for job in document["jobs"].values():
        secret = "secrets." in json.dumps(job)
        assert not secret or "environment" in job, "a secret must belong to an environment"
        assert job["permissions"]["contents"] == "read"


def test_rules_require_the_jobs_of_a_pull_request() -> None:
    rules = json.loads((ROOT / ".github/rulesets/main.json").read_text(encoding="utf-8"))["rules"]
    checks = next(rule for rule in rules if rule["type"] == "required_status_checks")
    required = {check["context"] for check in checks["parameters"]["required_status_checks"]}
    document = yaml.safe_load(WORKFLOWS[-1].read_text(encoding="utf-8"))

    assert WORKFLOWS[-1].stem == "terraform-plan"
    assert required == {job["name"] for job in document["jobs"].values()}


def test_pull_request_is_planned_and_commented_once(
    runner: Runner, github: FakeGitHub, repository: Path
) -> None:
    first = runner.run("terraform-plan", _pull_request(7, "homelab/homelab"))

    lab = first.pop("lab")
    _well(first)
    assert "### Plan for `lab`" in first["plan"].summary
    assert "pip-audit" in first["lint"].step("Lint").said
    assert "its service is not reachable" in first["lint"].step("Lint").said
    assert " tests of modules passed" in first["tests"].step("Module tests").said
    (comment,) = github.comments[7]
    assert "32 to create" in comment["body"]
    # A lab that keeps state only is deployed and removed, and says that nothing can be asked.
    assert lab.step("Deploy to the lab").outcome == "success", lab.report()
    assert "no container runs" in lab.step("Ask what was deployed").said
    assert lab.step("Remove the lab").outcome == "success", lab.report()

    identifier = comment["id"]
    media = repository / "terraform/containers/media-stack.tf"
    text = media.read_text(encoding="utf-8")
    media.write_text(text.replace("memory       = 4096", "memory = 4096", 1), encoding="utf-8")
    _git(repository, "commit", "--quiet", "--all", "--message", "Break the formatting")
    broken = _only(runner, "terraform-plan", "plan", _pull_request(7, "homelab/homelab"))
    _git(repository, "reset", "--quiet", "--hard", "HEAD~1")

    assert broken.result == "failure"
    assert "not formatted" in broken.step("Plan").said
    assert [comment["id"] for comment in github.comments[7]] == [identifier]


def test_fork_is_planned_and_not_commented(runner: Runner, github: FakeGitHub) -> None:
    job = _only(runner, "terraform-plan", "plan", _pull_request(8, "someone/homelab"))

    assert job.result == "success", job.report()
    assert job.step("Put the plan into one comment").outcome == "skipped"
    assert 8 not in github.comments


def test_merge_is_applied_as_it_was_approved_and_drift_is_kept_in_one_issue(
    runner: Runner, github: FakeGitHub
) -> None:
    drifted = _only(runner, "drift", "drift", SCHEDULE)
    again = _only(runner, "drift", "drift", SCHEDULE)
    applied = runner.run("terraform-apply", Event(name="push"))
    clean = _only(runner, "drift", "drift", SCHEDULE)
    nothing = runner.run("terraform-apply", Event(name="workflow_dispatch"))

    assert "opened issue 1" in drifted.step("Keep one issue").said, drifted.report()
    assert "updated issue 1" in again.step("Keep one issue").said, again.report()
    _well(applied)
    assert "32 added" in applied["apply"].step("Apply it").said
    assert applied["apply"].step("Tell that it failed").outcome == "skipped"
    assert "closed issue 1" in clean.step("Keep one issue").said, clean.report()
    assert [issue["state"] for issue in github.issues] == ["closed"]
    assert nothing["plan"].outputs == {"empty": "true"}
    assert nothing["apply"].result == "skipped"
    assert github.notified == ["The approved plan was applied to production"]


def test_configuration_that_fails_is_rolled_back(
    runner: Runner, github: FakeGitHub, repository: Path
) -> None:
    github.notified.clear()
    before = _git(repository, "rev-parse", "HEAD")
    push = Event(name="push", payload={"before": before})
    well = runner.run("ansible-deploy", push)
    (repository / "terraform/containers/broken.tf").write_text("locals {", encoding="utf-8")
    _git(repository, "add", "--all")
    _git(repository, "commit", "--quiet", "--message", "Break it")
    failed = runner.run("ansible-deploy", push)["configure"]
    _git(repository, "reset", "--quiet", "--hard", before)

    _well(well)
    assert failed.result == "failure"
    assert "broken.tf" in failed.step("Configure and validate").said
    assert failed.step("Go back to the revision before").outcome == "success", failed.report()
    assert failed.step("Tell that nothing helped").outcome == "skipped"
    assert [message.split(",")[0] for message in github.notified] == [
        "Production is configured and well",
        "Production was not well after a change",
    ]


def test_protection_on_github_is_compared(runner: Runner, github: FakeGitHub) -> None:
    _protect(github)

    same = _only(runner, "drift", "protection", SCHEDULE)
    github.rulesets[0]["rules"][3]["parameters"]["required_approving_review_count"] = 0
    github.environments["production"]["protection_rules"].pop(0)
    del github.rulesets[0]["bypass_actors"]
    differs = _only(runner, "drift", "protection", SCHEDULE)

    assert same.result == "success", same.report()
    assert "not compared" not in same.step("Compare with what is declared").said
    said = differs.step("Compare with what is declared").said
    assert differs.result == "failure"
    assert "required_approving_review_count is 0, and 1 is declared" in said
    assert "environment 'production': has 0 reviewers" in said
    assert "not compared: ruleset 'main': who may bypass it" in said


def _only(runner: Runner, workflow: str, job: str, event: Event) -> Job:
    return runner.run(workflow, event, only=job)[job]


def _protect(github: FakeGitHub) -> None:
    """Set the repository up as it is declared, with what GitHub adds."""
    declared = json.loads((ROOT / ".github/rulesets/main.json").read_text(encoding="utf-8"))
    for rule in declared["rules"]:
        if rule["type"] == "required_status_checks":
            for check in rule["parameters"]["required_status_checks"]:
                check["integration_id"] = None
        if rule["type"] == "pull_request":
            rule["parameters"]["allowed_merge_methods"] = ["merge", "squash", "rebase"]
    github.rulesets = [{"id": 42, "node_id": "RRS_x", "source_type": "Repository", **declared}]
    policy = {"protected_branches": True, "custom_branch_policies": False}
    reviewers = [{"type": "Team", "reviewer": {"id": 1, "slug": "owners"}}]
    github.environments = {
        "production": {
            "id": 1,
            "name": "production",
            "protection_rules": [
                {
                    "id": 1,
                    "type": "required_reviewers",
                    "prevent_self_review": True,
                    "reviewers": reviewers,
                },
                {"id": 2, "type": "branch_policy"},
            ],
            "deployment_branch_policy": policy,
        },
        "production-read": {
            "id": 2,
            "name": "production-read",
            "protection_rules": [{"id": 3, "type": "branch_policy"}],
            "deployment_branch_policy": policy,
        },
    }
