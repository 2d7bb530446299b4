"""The fixtures: thin wrappers of context managers, each of which a user may override."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from homelab.clients.hosts import Hosts
from homelab.pytest_plugin.guest import Answer, GuestFacts, ask_all
from homelab.pytest_plugin.sharing import once

if TYPE_CHECKING:
    from testinfra.host import Host

    from homelab.clients.proxmox import Proxmox
    from homelab.model import Container, Topology
    from homelab.operations.targets import Target
    from homelab.pytest_plugin.access import Access

_ANSWERS = TypeAdapter(dict[str, Answer])


@pytest.fixture(scope="session")
def access(pytestconfig: pytest.Config) -> Access:
    """The target of --homelab-target, found and checked."""
    from homelab.pytest_plugin.session import access_of

    return access_of(pytestconfig)


@pytest.fixture(scope="session")
def target(access: Access) -> Target:
    """The target that is asked: its name, its kind, its API's address."""
    return access.target


@pytest.fixture(scope="session")
def topology(access: Access) -> Topology:
    """What terraform/ declares."""
    return access.topology


@pytest.fixture(scope="session")
def proxmox(access: Access) -> Proxmox:
    """A client of the target's API."""
    return access.proxmox()


@pytest.fixture(scope="session")
def shared_directory(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """A directory that all workers of this session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(pytestconfig, "workerinput") else base


@pytest.fixture(scope="session")
def hosts(access: Access) -> Iterator[Hosts]:
    """Testinfra hosts by address."""
    with Hosts(access.login) as opened:
        yield opened


@pytest.fixture
def container_host(container: Container, hosts: Hosts) -> Host:
    """The container as a Testinfra host, over ssh."""
    return hosts.host(container.address)


@pytest.fixture(scope="session")
def selected(request: pytest.FixtureRequest, topology: Topology) -> tuple[Container, ...]:
    """The containers that this session's tests are about."""
    names = {
        item.callspec.params["container"].name
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and "container" in item.callspec.params
    }
    return tuple(container for container in topology if container.name in names)


@pytest.fixture(scope="session")
def guests(
    selected: tuple[Container, ...], hosts: Hosts, shared_directory: Path
) -> Mapping[str, Answer]:
    """What each selected container says about itself, asked once per session."""
    text = once(
        shared_directory,
        "guests",
        lambda: _ANSWERS.dump_json(dict(ask_all(selected, hosts))).decode(),
    )
    return _ANSWERS.validate_json(text)


@pytest.fixture
def guest(container: Container, guests: Mapping[str, Answer]) -> GuestFacts:
    """What the container says about itself; the test fails when it can't be asked."""
    answer = guests[container.name]
    if answer.facts is None:
        pytest.fail(
            f"container {container.name} (service {container.service.image}) can't be asked "
            f"over ssh at {container.address}: {answer.error}",
            pytrace=False,
        )
    return answer.facts
