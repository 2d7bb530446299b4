"""Runs a workflow's jobs here, as GitHub does there: each in a clean clone, its steps in order.

Steps that `run` are run by bash. Actions of this repository are composite, and their steps are run
as a job's are. Of others' actions those that the workflows use are done by hand: checking out is a
clone, Python is there already, artifacts are copied, SARIF is read.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from expressions import Functions, filled, holds

SHA = 40


@dataclass(kw_only=True, frozen=True)
class Event:
    """What starts a workflow."""

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Step:
    """How a step ended."""

    name: str
    outcome: str
    said: str = ""
    seconds: float = 0.0


@dataclass(kw_only=True)
class Job:
    """How a job ended."""

    name: str
    result: str
    steps: list[Step]
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)

    def report(self) -> str:
        lines = [
            f"{step.name}: {step.outcome} in {step.seconds:.1f} s\n{step.said}"
            for step in self.steps
        ]
        return "\n".join((f"job {self.name}: {self.result}", *lines))


@dataclass(kw_only=True)
class Runner:
    """What all jobs of a repository share."""

    repository: Path
    """A Git repository; its HEAD is what jobs check out."""
    work: Path
    api_url: str
    env: Mapping[str, str]
    """What this machine has that GitHub's has not."""
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    state: Path | None = None
    """Terraform's states, which outlive a clone as in a remote backend."""
    local_settings: str = ""
    """homelab.local.toml of this machine."""
    nox: Path | None = None
    """An environment of nox that clones share."""
    runs: int = 0

    def run(self, workflow: str, event: Event, *, only: str | None = None) -> dict[str, Job]:
        """Run a workflow, or one job of it; jobs by their keys. A skipped job has no steps."""
        self.runs += 1
        work = self.work / f"{self.runs}-{workflow}"
        path = self.repository / ".github" / "workflows" / f"{workflow}.yml"
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        triggers = document[True]  # YAML takes the key "on" for a truth
        assert event.name in triggers, f"{workflow} is not started by {event.name}"
        work.mkdir(parents=True)
        (work / "event.json").write_text(json.dumps(event.payload), encoding="utf-8")
        jobs: dict[str, Job] = {}
        waiting = {key: job for key, job in document["jobs"].items() if only in {None, key}}
        while waiting:
            key = next(key for key, job in waiting.items() if set(_needs(job)) <= jobs.keys())
            job = waiting.pop(key)
            jobs[key] = self._job(work / key, job, jobs, event)
        return jobs

    def _job(
        self,
        work: Path,
        job: Mapping[str, Any],
        before: Mapping[str, Job],
        event: Event,
    ) -> Job:
        needs = {
            name: {"result": before[name].result, "outputs": before[name].outputs}
            for name in _needs(job)
        }
        contexts = self._contexts(job, needs, event)
        well = all(need["result"] == "success" for need in needs.values())
        functions = _functions(work / "clone", failed=not well)
        done = Job(name=str(job["name"]), result="skipped", steps=[])
        if not holds(job.get("if"), contexts, functions):
            return done
        assert filled(str(job["runs-on"]), contexts, functions)
        assert job["permissions"] is not None
        assert 0 < job["timeout-minutes"] <= 120
        clone = work / "clone"
        clone.mkdir(parents=True)
        files = {name: work / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.touch()
        base = {
            **self._environment(event, work, clone),
            **{name: str(path) for name, path in files.items()},
            **_filled(job.get("env", {}), contexts, functions),
        }
        done.steps = self._steps(job["steps"], clone, base, contexts)
        failed = any(step.outcome == "failure" for step in done.steps)
        functions = _functions(clone, failed=failed)
        done.outputs = _filled(job.get("outputs", {}), contexts, functions)
        done.summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        done.result = "failure" if failed else "success"
        return done

    def _contexts(
        self, job: Mapping[str, Any], needs: Mapping[str, Any], event: Event
    ) -> dict[str, Any]:
        """What a job's expressions may speak of."""
        return {
            "github": {
                "event": event.payload,
                "event_name": event.name,
                "repository": "homelab/homelab",
                "token": self.secrets.get("GITHUB_TOKEN", "fake-token"),
                "sha": event.payload.get("after"),
            },
            "vars": self.variables,
            # A job without an environment must not need one's secrets.
            "secrets": self.secrets if "environment" in job else {},
            "needs": needs,
            "inputs": event.payload.get("inputs", {}),
            "env": {},
            "steps": {},
        }

    def _environment(self, event: Event, work: Path, clone: Path) -> dict[str, str]:
        """What each step of a job finds in its environment."""
        return {
            **self.env,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.api_url,
            "GITHUB_EVENT_NAME": event.name,
            "GITHUB_EVENT_PATH": str(work.parent / "event.json"),
            "GITHUB_REPOSITORY": "homelab/homelab",
            "GITHUB_RUN_ID": str(self.runs),
            "GITHUB_WORKSPACE": str(clone),
            "PYTHONPATH": str(clone / "src"),
        }

    def _steps(
        self,
        steps: Sequence[Mapping[str, Any]],
        clone: Path,
        base: Mapping[str, str],
        contexts: Mapping[str, Any],
    ) -> list[Step]:
        """Run steps in order; after one that failed, those alone whose condition asks for it."""
        output = Path(base["GITHUB_OUTPUT"])
        done: list[Step] = []
        for number, step in enumerate(steps):
            functions = _functions(clone, failed=any(one.outcome == "failure" for one in done))
            name = step.get("name", f"step {number}")
            if holds(step.get("if"), contexts, functions):
                output.write_text("", encoding="utf-8")
                ended = self._step(step, clone, base, contexts, functions)
                ended.name = name
            else:
                ended = Step(name=name, outcome="skipped")
            done.append(ended)
            if "id" in step:
                outputs = _outputs(output) if ended.outcome != "skipped" else {}
                contexts["steps"][step["id"]] = {"outcome": ended.outcome, "outputs": outputs}
        return done

    def _step(
        self,
        step: Mapping[str, Any],
        clone: Path,
        base: Mapping[str, str],
        contexts: Mapping[str, Any],
        functions: Functions,
    ) -> Step:
        own = _filled(step.get("env", {}), contexts, functions)
        if "uses" in step:
            words = _filled(step.get("with", {}), contexts, functions)
            if step["uses"].startswith("./"):
                return self._composite(step["uses"], words, clone, {**base, **own}, contexts)
            return self._action(step["uses"], words, clone)
        script = step["run"]
        assert "${{" not in script, f"an expression in a script is an injection: {script}"
        begin = time.monotonic()
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-c", script],
            cwd=clone,
            env={**base, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        for name, secret in self.secrets.items():
            hidden = name.endswith("_ID") or secret not in done.stdout
            assert hidden, f"a secret is printed by: {script}"
        outcome = "success" if done.returncode == 0 else "failure"
        seconds = time.monotonic() - begin
        return Step(name="", outcome=outcome, said=done.stdout, seconds=seconds)

    def _composite(
        self,
        uses: str,
        words: Mapping[str, str],
        clone: Path,
        base: Mapping[str, str],
        contexts: Mapping[str, Any],
    ) -> Step:
        """An action of the repository: its steps see its inputs, and none of the job's secrets."""
        path = clone / uses / "action.yml"
        action = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert action["name"]
        assert action["description"]
        assert action["runs"]["using"] == "composite"
        assert "outputs" not in action, "nobody needed an action's outputs so far"
        declared = action.get("inputs", {})
        assert words.keys() <= declared.keys(), f"{uses} has no inputs {set(words) - set(declared)}"
        inputs = {name: words.get(name, item.get("default")) for name, item in declared.items()}
        missing = [name for name, value in inputs.items() if value is None]
        assert not missing, f"{uses} needs {missing}"
        for step in action["runs"]["steps"]:
            assert ("run" in step) == ("shell" in step), f"{path}: only a script has a shell"
            assert step.get("shell", "bash") == "bash"
        known = {name: contexts[name] for name in ("github", "env")}
        steps = self._steps(
            action["runs"]["steps"], clone, base, {**known, "inputs": inputs, "steps": {}}
        )
        Path(base["GITHUB_OUTPUT"]).write_text("", encoding="utf-8")
        outcome = "failure" if any(step.outcome == "failure" for step in steps) else "success"
        return Step(
            name="",
            outcome=outcome,
            said="".join(f"{step.name}: {step.outcome}\n{step.said}" for step in steps),
            seconds=sum(step.seconds for step in steps),
        )

    def _action(self, uses: str, words: Mapping[str, str], clone: Path) -> Step:
        action, _, revision = uses.partition("@")
        assert len(revision) == SHA, f"{uses} is not pinned"
        artifacts = self.work / f"{self.runs}-artifacts"
        match action:
            case "actions/checkout":
                assert words["persist-credentials"] == "False"
                self._check_out(clone)
            case "actions/setup-python":
                versions = words["python-version"].split()
                assert versions, "no version is named"
                assert all(re.fullmatch(r"3\.\d+", version) for version in versions), versions
            case "actions/upload-artifact":
                pattern = words["path"].rstrip("/") + ("/**/*" if words["path"][-1] == "/" else "")
                found = [path for path in clone.glob(pattern) if path.is_file()]
                if not found and words.get("if-no-files-found") == "error":
                    return Step(name="", outcome="failure", said=f"nothing at {words['path']}")
                for path in found:
                    kept = artifacts / words["name"] / path.name
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, kept)
            case "actions/download-artifact":
                shutil.copytree(
                    artifacts / words["name"], clone / words["path"], dirs_exist_ok=True
                )
            case "github/codeql-action/upload-sarif":
                document = json.loads((clone / words["sarif_file"]).read_text(encoding="utf-8"))
                assert document["version"] == "2.1.0"
                assert document["runs"]
            case _:
                raise AssertionError(f"no one knows the action {action}")
        return Step(name="", outcome="success")

    def _check_out(self, clone: Path) -> None:
        git = ("git", "-c", "advice.detachedHead=false")
        subprocess.run(
            [*git, "clone", "--quiet", "--no-hardlinks", str(self.repository), str(clone)],
            check=True,
        )
        if self.nox is not None:
            (clone / ".nox").symlink_to(self.nox)
        if self.state is not None:
            self.state.mkdir(exist_ok=True)
            (clone / "terraform" / "terraform.tfstate.d").symlink_to(self.state)
        if self.local_settings:
            (clone / "homelab.local.toml").write_text(self.local_settings, encoding="utf-8")


def machine(work: Path, cache: Path) -> dict[str, str]:
    """The environment of a machine from which nothing but loopback is reached."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "USER") if name in os.environ}
    nowhere = "http://127.0.0.1:9"
    return {
        **kept,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "HOMELAB_CACHE": str(cache),
        "HOMELAB_LAB_LISTEN": "127.0.0.1:0",
        "HOMELAB_LAB_STATE": str(work / "machine" / "lab"),
        "HTTPS_PROXY": nowhere,
        "HTTP_PROXY": nowhere,
        "NO_PROXY": "127.0.0.1,localhost",
        "NO_COLOR": "1",
    }


def _needs(job: Mapping[str, Any]) -> tuple[str, ...]:
    needs = job.get("needs", ())
    return (needs,) if isinstance(needs, str) else tuple(needs)


def _filled(
    values: Mapping[str, Any], contexts: Mapping[str, Any], functions: Functions
) -> dict[str, str]:
    return {name: filled(str(value), contexts, functions) for name, value in values.items()}


def _functions(clone: Path, *, failed: bool) -> Functions:
    return {
        "success": lambda: not failed,
        "failure": lambda: failed,
        "always": lambda: True,
        "cancelled": lambda: False,
        "hashFiles": lambda pattern: "hash" if any(clone.glob(pattern)) else "",
    }


def _outputs(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
