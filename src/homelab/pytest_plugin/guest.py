"""Facts about containers, gathered over ssh from all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from ipaddress import IPv4Address, IPv4Interface

from pydantic import BaseModel, ConfigDict

from homelab.clients.ssh_hosts import Hosts
from homelab.errors import HomelabError
from homelab.model.values import Container

_AT_ONCE = 16


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Systemd(_Fact):
    """The system's state (`running`, `degraded` ...) and the units that failed."""

    state: str
    failed: tuple[str, ...]


class Link(_Fact):
    """A network interface with its IPv4 addresses."""

    name: str
    addresses: tuple[IPv4Interface, ...]


class Mount(_Fact):
    """A file system at a declared mount point; sizes in bytes."""

    path: str
    read_only: bool
    size: int
    free: int


class DockerContainer(_Fact):
    """A Docker container; `status` is Docker's own sentence, with its health in parentheses."""

    name: str
    image: str
    state: str
    status: str
    stand_in: bool

    @property
    def healthy(self) -> bool:
        """Whether it runs and its health check, if it has one, passes."""
        return self.state == "running" and not self.status.endswith(
            ("(unhealthy)", "(health: starting)")
        )


class Docker(_Fact):
    """The engine's containers, or why the engine does not answer."""

    error: str | None
    containers: tuple[DockerContainer, ...]


class GuestFacts(_Fact):
    """What one container says about itself."""

    hostname: str
    systemd: Systemd
    interfaces: tuple[Link, ...]
    gateway: IPv4Address | None
    mounts: tuple[Mount, ...]
    docker: Docker


class Answer(_Fact):
    """A container's facts, or why there are none."""

    facts: GuestFacts | None = None
    error: str | None = None


def ask_all(containers: Sequence[Container], hosts: Hosts) -> Mapping[str, Answer]:
    """Ask every container, from the calling thread's network; a failure is an answer too."""
    script = files(__package__).joinpath("guest_script.py").read_text(encoding="utf-8")

    def ask(container: Container) -> Answer:
        paths = [point.path for point in container.mount_points]
        try:
            said = hosts.run(container.address, "python3", "-ISc", script, *paths)
            return Answer(facts=GuestFacts.model_validate_json(said))
        except (HomelabError, ValueError) as error:
            return Answer(error=str(error))

    with ThreadPoolExecutor(max(1, min(_AT_ONCE, len(containers)))) as pool:
        answers = pool.map(ask, containers)
    return {container.name: answer for container, answer in zip(containers, answers, strict=True)}
