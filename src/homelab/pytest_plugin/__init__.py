"""pytest fixtures for tests that ask a deployed homelab.

```python
@pytest.mark.containers(group="monitoring")
def test_docker_runs(container_host):
    assert container_host.service("docker").is_running
```

A test that uses `target` or any fixture built on it runs inside the target's network, alone or in a
worker of pytest-xdist; other tests stay where they are. A test that uses `container`,
`container_host` or `guest` runs once per container that its marker `containers(group=..., name=...)`
picks, or once per container of the whole topology without one; picking none is an error. What is
gathered from all containers (`guests`, `ansible_facts`) is gathered once per session, whatever the
number of workers. Tests of one container carry its name as their xdist group, for `--dist loadgroup`
(which pytest-xdist 3.8 loses under pytest 9.2: pytest-dev/pytest-xdist#1386).
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from homelab import netns
from homelab.errors import HomelabError
from homelab.escaping import terminal
from homelab.pytest_plugin.expectation import expect, fail

__all__ = ["expect", "fail", "require_target"]

pytest_plugins = ["homelab.pytest_plugin.fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("homelab")
    group.addoption(
        "--homelab-target",
        metavar="NAME",
        help="the target of homelab.toml that tests ask (default: its default_target)",
    )
    group.addoption(
        "--homelab-project",
        type=Path,
        metavar="DIRECTORY",
        help="the project with homelab.toml and terraform/ (default: around the working directory)",
    )


def pytest_configure(config: pytest.Config) -> None:
    from homelab.pytest_plugin.selection import MARKER

    config.addinivalue_line("markers", MARKER)


def pytest_unconfigure(config: pytest.Config) -> None:
    """A session that ran as root leaves what it wrote in the project to the user who called sudo."""
    if os.geteuid() == 0 and not hasattr(config, "workerinput"):
        from homelab.operations.run.ownership import give_back_around

        give_back_around(config.getoption("homelab_project"))


def require_target(config: pytest.Config) -> None:
    """For a suite's `pytest_configure`: end the session at once when its target can't be asked.

    Where the target is a lab of root's, the session goes on as root, through sudo.

    Raises:
        pytest.UsageError: says why, and what to do.
    """
    from homelab.pytest_plugin.session import access_of, go_on_where_allowed

    try:
        go_on_where_allowed(config)
        access_of(config)
    except HomelabError as error:
        raise pytest.UsageError(terminal(str(error))) from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per container for the tests that ask one."""
    if "container" not in metafunc.fixturenames:
        return
    from homelab.pytest_plugin.selection import pick
    from homelab.pytest_plugin.session import access_of

    criteria = [mark.kwargs for mark in metafunc.definition.iter_markers("containers")]
    try:
        containers = pick(access_of(metafunc.config).topology, criteria)
    except HomelabError as error:
        raise pytest.Collector.CollectError(terminal(str(error))) from error
    grouped = metafunc.config.pluginmanager.hasplugin("xdist")
    metafunc.parametrize(
        "container",
        [
            pytest.param(
                container,
                id=container.name,
                marks=[pytest.mark.xdist_group(container.name)] if grouped else [],
            )
            for container in containers
        ],
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Show what a test that asks the target failed with, and printed, as a terminal may."""
    report = yield
    if "access" in getattr(item, "fixturenames", ()):
        from homelab.pytest_plugin.report import made_printable

        made_printable(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test that asks the target inside the target's network."""
    if "access" not in getattr(item, "fixturenames", ()):
        return (yield)
    from homelab.pytest_plugin.session import access_of

    try:
        namespace = access_of(item.config).netns
    except HomelabError:
        return (yield)  # the fixture raises it again, as the test's own error
    with netns.inside(namespace):
        return (yield)
