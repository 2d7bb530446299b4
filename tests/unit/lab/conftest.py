from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from lab_node import LabNode, OpenNode, node_opener


@pytest.fixture
def open_files() -> Callable[[Path], int]:
    """How often this process has a file open now."""

    def count(path: Path) -> int:
        found = 0
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):
                found += descriptor.readlink() == path
        return found

    return count


@pytest.fixture
def open_node(tmp_path: Path) -> Iterator[OpenNode]:
    with node_opener(tmp_path) as open_:
        yield open_


@pytest.fixture
def node(open_node: OpenNode) -> LabNode:
    return open_node()
