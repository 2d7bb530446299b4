"""The fixtures: thin wrappers of context managers, each of which a user may override."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homelab.pytest_plugin.expectation import fail

if TYPE_CHECKING:
    from testinfra.host import Host

    from homelab.clients.ansible.facts import HostFacts
    from homelab.clients.proxmox import Proxmox
    from homelab.clients.ssh_hosts import Hosts
    from homelab.model import Container, Topology
    from homelab.operations.target.target import Target
    from homelab.pytest_plugin.access import Access
    from homelab.pytest_plugin.guest import Answer, GuestFacts


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
    from homelab.clients.ssh_hosts import Hosts

    with Hosts(access.ssh) as opened:
        yield opened


@pytest.fixture
def container_host(container: Container, hosts: Hosts) -> Host:
    """The container as a Testinfra host, over ssh."""
    return hosts.host(container.address)


@pytest.fixture(scope="session")
def selected(request: pytest.FixtureRequest, topology: Topology) -> tuple[Container, ...]:
    """The containers that this session's tests are about."""
    parameters = [getattr(item, "callspec", None) for item in request.session.items]
    names = {
        known.params["container"].name
        for known in parameters
        if known is not None and "container" in known.params
    }
    return tuple(container for container in topology if container.name in names)


@pytest.fixture(scope="session")
def guests(
    selected: tuple[Container, ...], hosts: Hosts, shared_directory: Path
) -> Mapping[str, Answer]:
    """What each selected container says about itself, asked once per session."""
    from pydantic import TypeAdapter

    from homelab.pytest_plugin.guest import Answer, ask_all
    from homelab.pytest_plugin.sharing import once

    known = TypeAdapter(dict[str, Answer])

    def ask() -> str:
        return known.dump_json(dict(ask_all(selected, hosts))).decode()

    return known.validate_json(once(shared_directory, "guests", ask))


@pytest.fixture
def guest(container: Container, guests: Mapping[str, Answer]) -> GuestFacts:
    """What the container says about itself; the test fails when it can't be asked."""
    answer = guests[container.name]
    if answer.facts is None:
        fail(container, f"it can't be asked over ssh at {container.address}: {answer.error}")
    return answer.facts


@pytest.fixture(scope="session")
def ansible_facts(
    access: Access, guests: Mapping[str, Answer], shared_directory: Path
) -> Mapping[str, HostFacts]:
    """Ansible's facts of each selected container that answers ssh, gathered once per session."""
    from pydantic import TypeAdapter

    from homelab.clients.ansible.client import Ansible
    from homelab.clients.ansible.facts import HostFacts, gather_facts
    from homelab.model import inventory
    from homelab.pytest_plugin.sharing import once

    known = TypeAdapter(dict[str, HostFacts])
    ansible = Ansible(
        directory=access.project / "ansible",
        logs=access.project / "build" / "ansible",
        new_host_keys=access.target.is_lab,
    )

    def gather() -> str:
        reached = [name for name, answer in guests.items() if answer.facts is not None]
        hosts = inventory(access.topology, ssh=access.ssh)
        facts = dict(gather_facts(ansible, hosts, reached)) if reached else {}
        silent = HostFacts(error="it was not asked, since it does not answer over ssh")
        return known.dump_json({name: facts.get(name, silent) for name in guests}).decode()

    return known.validate_json(once(shared_directory, "ansible-facts", gather))
