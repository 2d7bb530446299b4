from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homelab import policy, settings
from homelab.model import Topology, document_of
from homelab.policy.configuration import capacity_of

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def topology() -> Topology:
    return Topology.load(ROOT / "terraform")


@pytest.fixture(scope="session")
def capacity() -> policy.Capacity:
    return capacity_of(settings.load(ROOT, environment=settings.Environment.read({})).policy)


@pytest.fixture
def document(topology: Topology) -> dict[str, Any]:
    """The topology's JSON form, to be changed."""
    return {**document_of(topology), "firewall_policy": "DROP"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the project's tree, to be edited."""
    copy = tmp_path / "terraform"
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
    shutil.copytree(ROOT / "terraform", copy, ignore=ignored)
    return copy


@pytest.fixture
def edit(tree: Path) -> Callable[[str, str, str], None]:
    def replace(file: str, old: str, new: str) -> None:
        path = tree / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1))

    return replace


@pytest.fixture
def wrong(tree: Path, edit: Callable[[str, str, str], None]) -> Path:
    """A tree with one privileged container."""
    old = "vmid         = 202"
    edit("containers/media-stack.tf", old, f"{old}\n      unprivileged = false")
    return tree
