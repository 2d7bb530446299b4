"""What integration tests share: a copy of the project, and the command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from homelab.settings import cache_directory

ROOT = Path(__file__).parents[2]
_PARTS = ("terraform", "ansible", "configs", "images")
_LEFT_OUT = shutil.ignore_patterns(".terraform*", "terraform.tfstate*", "*.tfplan", "homelab.json")


class _BesideContainers(LoadScopeScheduling):
    """Files whose tests run containers follow each other on one worker, the others on another.

    Marks of xdist would say the same, but xdist 3.8 does not see them under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _scope(nodeid.partition("::")[0])


@cache
def _scope(file: str) -> str:
    text = (ROOT / file).read_text(encoding="utf-8")
    return "containers" if re.search(r"\bable\b", text) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _BesideContainers:
    """What the controller of xdist asks for."""
    return _BesideContainers(config, log)


@dataclass(kw_only=True)
class Project:
    """A copy of the project with a lab of its own, driven by the command line."""

    directory: Path
    state: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(
        self, *words: str, timeout: float = 600, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `homelab WORDS` in the project; nothing of the caller's settings reaches it."""
        return subprocess.run(
            [sys.executable, "-m", "homelab.cli", *words],
            cwd=self.directory,
            env=self.environment(**env),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *words: str, log: Path, **env: str) -> subprocess.Popen[bytes]:
        """Run `homelab WORDS` beside the test; what it prints goes into `log`."""
        with log.open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "homelab.cli", *words],
                cwd=self.directory,
                env=self.environment(**env),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def environment(self, **env: str) -> dict[str, str]:
        """What a command of the project finds in its environment."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PM_", "TF_", "HOMELAB_", "PG"))
        }
        own = {
            "HOMELAB_LAB_STATE": str(self.state),
            "HOMELAB_LAB_LISTEN": "127.0.0.1:0",
            "HOMELAB_CACHE": str(cache_directory()),
        }
        return {**kept, **own, **self.env, **env}

    def ok(self, *words: str, code: int = 0, **env: str) -> str:
        """Run `homelab WORDS`, which has to end with `code`; what it printed."""
        done = self.run(*words, **env)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def refused(self, *words: str, **env: str) -> str:
        """Run `homelab WORDS`, which has to end with one clear error; its text."""
        done = self.run(*words, **env)
        assert done.returncode == 1, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.stderr.count("error:") == 1, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stderr[done.stderr.index("error:") :]

    def file(self, name: str) -> Path:
        """A file of the copy."""
        return self.directory / name

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a piece of a file, which has to be there."""
        path = self.file(name)
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def exports(self) -> dict[str, str]:
        """What `homelab lab env` exports, as a shell understands it."""
        script = self.ok("lab", "env")
        done = subprocess.run(
            ["/bin/sh", "-c", f"{script}\nenv -0"],
            env={},
            capture_output=True,
            text=True,
            check=True,
        )
        pairs = (entry.partition("=") for entry in done.stdout.split("\0") if entry)
        return {name: value for name, _, value in pairs if name.startswith(("PM_", "TF_", "HOME"))}


def _copied(directory: Path) -> Project:
    """Copy what a project consists of."""
    directory.mkdir()
    for part in _PARTS:
        shutil.copytree(ROOT / part, directory / part, ignore=_LEFT_OUT)
    shutil.copy(ROOT / "homelab.toml", directory)
    return Project(directory=directory, state=directory.parent / "lab")


@pytest.fixture(scope="session")
def make_project() -> Callable[[Path], Project]:
    """Makes a copy of the project in a directory that does not exist yet."""
    return _copied


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A fresh copy of the project, whose lab is gone afterwards."""
    made = _copied(tmp_path / "project")
    yield made
    made.ok("lab", "destroy")
