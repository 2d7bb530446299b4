"""Tests that hold kinds of attacks: each asks as somebody who means harm, and looks at what is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_node import LabNode, OpenNode, node_opener


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cases", type=int, default=100, help="how many random rights are tried")
    parser.addoption("--requests", type=int, default=400, help="random requests of each seed")
    parser.addoption("--seeds", type=int, default=1, help="how often random requests are sent")


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> int:
    """How many random rights are tried; more by `--cases`."""
    return int(request.config.getoption("--cases", 100))


@pytest.fixture
def open_node(tmp_path: Path) -> Iterator[OpenNode]:
    with node_opener(tmp_path) as open_:
        yield open_


@pytest.fixture
def node(open_node: OpenNode) -> LabNode:
    return open_node()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Seeds and numbers of requests; tests that are run from above have the options' defaults."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(metafunc.config.getoption("--seeds", 1)))


@pytest.fixture
def requests(request: pytest.FixtureRequest) -> int:
    """How many random requests are sent."""
    return int(request.config.getoption("--requests", 400))
