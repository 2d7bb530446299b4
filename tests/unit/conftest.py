"""Labs that keep state only, for the tests of what starts one and of what asks one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from memory_lab import memory_lab

from homelab.lab import Lab

hypothesis.settings.register_profile("homelab", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("homelab")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab as a process of its own, not yet up."""
    made = memory_lab(tmp_path / "lab")
    yield made
    made.destroy()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab that tests use together; each leaves it as it was."""
    made = memory_lab(tmp_path_factory.mktemp("shared") / "lab")
    made.up()
    yield made
    made.destroy()
