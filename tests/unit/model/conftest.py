from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homelab.model import Topology

if TYPE_CHECKING:
    from collections.abc import Callable

TERRAFORM = Path(__file__).parents[3] / "terraform"


@pytest.fixture(scope="session")
def topology() -> Topology:
    """What the project's own tree declares."""
    return Topology.load(TERRAFORM)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the project's tree, to be edited."""
    copy = tmp_path / "terraform"
    shutil.copytree(TERRAFORM, copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    return copy


@pytest.fixture
def edit(tree: Path) -> Callable[[str, str, str], int]:
    """Replace the first occurrence in a file of the copy; the line of the replacement."""

    def replace(file: str, old: str, new: str) -> int:
        path = tree / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1))
        return text[: text.index(old)].count("\n") + 1

    return replace
