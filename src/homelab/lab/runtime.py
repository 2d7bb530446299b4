"""What the lab's API server asks of the thing that runs containers.

Two runtimes exist: `lxc` runs each container for real, `memory` keeps state only. Every call may
block and is made from a worker thread; calls for one vmid never overlap. A call that fails raises
`RuntimeFailureError` with PVE's words; the server puts them into the task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from homelab.errors import HomelabError

TaskLog = Callable[[str], None]
"""Takes one line of a task's log."""


class RuntimeFailureError(HomelabError):
    """A container operation failed; the message is what the task's log and status show."""


class RuntimeKind(StrEnum):
    """Which runtime it is."""

    LXC = "lxc"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A bridge of the node and the node's own address on it, such as 10.10.0.1/24."""

    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A container template that the node offers, such as local:vztmpl/NAME.tar.zst."""

    volid: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One volume of a container: the root file system (path `/`) or a mount point."""

    volid: str
    """Such as local-zfs:subvol-201-disk-0."""
    path: str
    """Where it is mounted in the container; `/` for the root."""
    size: int
    """Bytes; 0 means no limit."""
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """One network interface of a container."""

    name: str
    bridge: str
    hwaddr: str
    ip: str | None = None
    """Address with prefix length, `dhcp`, `manual`, or None."""
    gateway: str | None = None
    mtu: int | None = None
    link_down: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A container as its configuration describes it."""

    vmid: int
    hostname: str
    cores: int | None = None
    cpulimit: float = 0.0
    cpuunits: int = 100
    memory: int = 512
    """MiB."""
    swap: int = 512
    """MiB."""
    nameserver: str | None = None
    searchdomain: str | None = None
    volumes: tuple[Volume, ...] = ()
    nics: tuple[Nic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What is put into a new container for its administrator; never stored by the server."""

    password: str | None = field(default=None, repr=False)
    ssh_public_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Measured use of a running container; bytes, seconds, and CPU seconds since its start."""

    pid: int
    uptime: float
    cpu_seconds: float = 0.0
    mem: int = 0
    swap: int = 0
    disk: int = 0
    diskread: int = 0
    diskwrite: int = 0
    netin: int = 0
    netout: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceAddress:
    """One address of an interface as the running container has it."""

    interface: str
    hwaddr: str
    address: str
    prefix: int
    family: int
    """4 or 6."""


class ContainerRuntime(Protocol):
    """Runs containers. The server owns the configuration; the runtime owns what runs and its files.

    All methods may be called again after a crash of the server at any point: creating what half
    exists starts over, destroying what is half gone finishes.
    """

    @property
    def kind(self) -> RuntimeKind:
        """Which runtime it is."""

    def open(self, bridges: Sequence[Bridge]) -> str:
        """Bring the node up, or attach to the one that is up: namespaces, bridges, templates.

        The node's boot id: it stays as long as the node is up, and is never used again.
        """

    def notes(self) -> tuple[str, ...]:
        """What this runtime can't do here, one sentence each, for people to read."""

    def network_namespace(self) -> Path | None:
        """The node's network namespace, such as /proc/PID/ns/net; None when there is none."""

    def mount_namespace(self) -> Path | None:
        """The node's mount namespace; None when there is none."""

    def templates(self) -> tuple[Template, ...]:
        """The templates that a container can be created from."""

    def create(
        self, guest: Guest, *, template: str, credentials: Credentials, log: TaskLog
    ) -> None:
        """Make the volumes and unpack the template into the root volume."""

    def start(self, guest: Guest, *, log: TaskLog) -> None:
        """Start the container and return when its init runs (as `lxc-start` does)."""

    def stop(self, guest: Guest, *, log: TaskLog) -> None:
        """End the container at once; nothing happens when it does not run."""

    def shutdown(self, guest: Guest, *, timeout: float, log: TaskLog) -> bool:
        """Ask init to shut down; whether it did within `timeout` seconds."""

    def destroy(self, guest: Guest, *, log: TaskLog) -> None:
        """Remove every volume and trace of the container; it does not run."""

    def apply(self, old: Guest, new: Guest, *, log: TaskLog) -> None:
        """Bring a running container from one configuration to another, as far as PVE does so hot.

        New volumes are made whether it runs or not; volumes that are no longer listed are removed.
        """

    def resize(self, guest: Guest, volume: Volume, *, log: TaskLog) -> None:
        """Grow a volume to `volume.size`."""

    def snapshot(self, guest: Guest, name: str, *, log: TaskLog) -> None:
        """Keep the content of every volume under a name, whether the container runs or not.

        One of that name that is there already is left from a crash, and is replaced.
        """

    def delete_snapshot(self, guest: Guest, name: str, *, log: TaskLog) -> None:
        """Drop what was kept; nothing happens for a volume that has no such snapshot."""

    def rollback(self, guest: Guest, name: str, *, log: TaskLog) -> None:
        """Put every volume back to a snapshot; the container does not run.

        `guest` is as it was at the snapshot. The snapshot stays.
        """

    def clone(
        self, source: Guest, target: Guest, *, snapshot: str | None, linked: bool, log: TaskLog
    ) -> None:
        """Make the volumes of `target` with the content of those of `source` at the same paths.

        The content is that of a snapshot, or that of now. A linked clone shares what it did not
        change with its source, whose volumes are those of a template.
        """

    def make_template(self, guest: Guest, renamed: Mapping[str, str], *, log: TaskLog) -> None:
        """Make the volumes those of a template, under new ids, old to new; it does not run."""

    def backup(self, guest: Guest, archive: Path, *, config: str, log: TaskLog) -> int:
        """Write the content of the volumes into an archive; returns its size in bytes.

        `config` is the guest's configuration as the archive carries it. The volumes are those of which a backup is wanted. A container that runs goes on.
        """

    def restore(
        self, guest: Guest, archive: Path, *, credentials: Credentials, log: TaskLog
    ) -> None:
        """Make the volumes, with the content of an archive that `backup` wrote."""

    def suspend(self, guest: Guest, *, log: TaskLog) -> None:
        """Write the running container's state down and end it."""

    def resume(self, guest: Guest, *, log: TaskLog) -> None:
        """Go on from the state that `suspend` wrote down."""

    def running(self) -> Mapping[int, Usage]:
        """What runs now, with measured use; cheap enough to be asked for every request."""

    def changes(self) -> int | None:
        """How often a container started or stopped; None when only `running` can tell."""

    def addresses(self, guest: Guest) -> tuple[InterfaceAddress, ...]:
        """The addresses that the running container has."""

    def close(self) -> None:
        """Let go of the node without stopping anything."""

    def shut_node(self, guests: Sequence[Guest]) -> None:
        """Stop every container and take the node down; volumes stay."""
