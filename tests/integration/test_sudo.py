"""The README's way for an ordinary user: a virtual environment, nox, and sudo where it needs root.

What then runs as root finds what root finds, so that storages are the same; and whatever it writes
in the project is the user's. Needs root itself, to make that user.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ordinary_user import OrdinaryUser, ordinary_user
from small_tree import keep

from homelab.errors import HomelabError
from homelab.lab.host.doctor import CheckState, diagnose_tests
from homelab.lab.host.installation import fix
from homelab.lab.volumes.node_volumes import describe_backends
from homelab.settings import Environment

pytestmark = [pytest.mark.usefixtures("able")]

ROOT = Path(__file__).parents[2]
_ROOT_S_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CONTAINERS = ("ntfy", "vikunja")
"""What is left of the tree: one container with data, which goes to local-dir, and one without."""


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A user's clone of the project, and the lab that it deploys to."""

    user: OrdinaryUser
    directory: Path
    lab: Path

    def ok(self, *argv: str, code: int = 0, lab: Path | None = None) -> str:
        """Run a command that has to end with `code` and leave nothing to root; what it said."""
        own = {"HOMELAB_LAB_LISTEN": "127.0.0.1:0", "HOMELAB_LAB_STATE": str(lab or self.lab)}
        done = self.user.run(*argv, cwd=self.directory, **own)
        assert done.returncode == code, f"{argv}: {done.returncode}\n{done.stdout[-6000:]}"
        assert self.user.strangers() == [], argv
        return done.stdout


@pytest.fixture
def user(able: None) -> Iterator[OrdinaryUser]:
    try:
        fix(diagnose_tests(), on_line=lambda line: sys.stderr.write(f"{line}\n"))
        missing = [check for check in diagnose_tests() if check.state is not CheckState.OK]
    except HomelabError as error:
        pytest.fail(str(error))
    if missing and not Environment.read().ci:
        pytest.skip(f"not installed: {', '.join(check.name for check in missing)}")
    assert missing == []
    with ordinary_user() as made:
        yield made
    assert made.leavings() == []


@pytest.fixture
def clone(user: OrdinaryUser) -> Iterator[Clone]:
    made = Clone(user=user, directory=user.home / "homelab", lab=Path("/var/lib", user.name))
    _copy_of_the_work_tree(made.directory)
    keep(made.directory, _CONTAINERS)
    data = made.directory / "terraform" / "containers" / "business.tf"
    text, count = re.subn(
        'size = "4G" }]', 'size = "1G", storage = "local-dir" }]', data.read_text()
    )
    assert count == 1
    data.write_text(text, encoding="utf-8")
    words = ("chown", "--recursive", f"{user.name}:{user.name}", str(made.directory))
    subprocess.run(words, check=True)
    yield made
    destroy = (sys.executable, "-m", "homelab.cli", "lab", "destroy", "--state", str(made.lab))
    subprocess.run(destroy, cwd="/", check=True, capture_output=True)


def test_ordinary_user_deploys_as_root_does_and_owns_the_project(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.ok("python3", "-m", "venv", ".venv")
    clone.ok(".venv/bin/pip", "install", "--quiet", "nox")
    clone.ok(".venv/bin/nox", "-s", "docs")
    planned = clone.ok(".venv/bin/nox", "-s", "plan", lab=clone.user.home / "planned")
    deployed = clone.ok(".venv/bin/nox", "-s", "deploy")
    smoked = clone.ok(".venv/bin/nox", "-s", "smoke")
    asked = clone.ok(".nox/homelab/bin/pytest", "tests/smoke", "-k", "ntfy")
    said = clone.ok(".nox/homelab/bin/homelab", "lab", "status", "--json")
    compared = clone.ok(".nox/homelab/bin/homelab", "plan", "--strict")
    status = json.loads(said[said.index("{") :])
    storage = clone.lab / "storage"
    found = {
        "local-zfs": (storage / "pool.img").is_file(),
        "local-dir": any((storage / "local-dir" / "images").rglob("*.raw")),
    }
    clone.ok(".venv/bin/nox", "-s", "destroy")
    monkeypatch.setenv("PATH", _ROOT_S_PATH)
    possible = {name: not what.startswith("plain") for name, what in describe_backends().items()}

    assert "without root the lab keeps state only" in planned
    assert "2 of 2 services are healthy" in deployed
    assert re.search(r"\d+ passed", smoked)
    assert "asking root's lab needs root: going on through sudo" in asked
    assert status["runtime"] == "lxc"
    assert [guest["status"] for guest in status["guests"]] == ["running", "running"]
    assert found == possible
    plain = {name for name in possible for note in status["notes"] if f"{name} is plain" in note}
    assert plain == {name for name, is_possible in possible.items() if not is_possible}
    assert "no changes" in compared.lower()
    assert not clone.lab.exists()
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert clone.user.name not in processes.stdout
    assert str(clone.lab) not in Path("/proc/self/mountinfo").read_text("utf-8")


def _copy_of_the_work_tree(directory: Path) -> None:
    """A clone with what is in the work tree now, whether or not it is committed."""
    git = ("git", "-C", str(ROOT))
    clone = ("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(directory))
    subprocess.run(clone, check=True)
    listed = (*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    done = subprocess.run(listed, check=True, capture_output=True, text=True)
    for name in filter(None, done.stdout.split("\0")):
        (directory / name).unlink(missing_ok=True)
        if os.path.lexists(ROOT / name):
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, directory / name, follow_symlinks=False)
