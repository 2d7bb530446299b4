"""What a person asks a lab: whether it runs, what is in it, and how to get into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homelab.clients.proxmox import GuestEntry, Proxmox
from homelab.errors import CapabilityError, ConfigurationError, HomelabError, UnreachableError
from homelab.operations.target.lab_options import open_lab
from homelab.options.lab import LabSettings
from homelab.process import environment

if TYPE_CHECKING:
    from homelab.lab import LabInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class LabView:
    """A lab's status with its containers."""

    state_dir: Path
    running: bool
    exists: bool
    runtime: str | None = None
    node: str | None = None
    api_url: str | None = None
    pid: int | None = None
    notes: tuple[str, ...] = ()
    guests: tuple[GuestEntry, ...] = ()

    def lines(self) -> tuple[str, ...]:
        if not self.running:
            hint = "its state is kept" if self.exists else "there is none"
            return (f"lab: down ({hint}), {self.state_dir}",)
        running = sum(guest.status == "running" for guest in self.guests)
        lines = [
            f"lab: up, runtime {self.runtime}, node {self.node}, pid {self.pid}",
            f"api: {self.api_url}",
            f"state: {self.state_dir}",
            f"containers: {running} of {len(self.guests)} running",
        ]
        lines += [f"  {guest.vmid:5} {guest.name:20} {guest.status}" for guest in self.guests]
        lines += [f"note: {note}" for note in self.notes]
        return tuple(lines)

    def to_json(self) -> dict[str, Any]:
        """The view for programs; no credentials are in it."""
        return {
            **asdict(replace(self, guests=())),
            "state_dir": str(self.state_dir),
            "guests": [
                {"vmid": guest.vmid, "name": guest.name, "status": guest.status}
                for guest in self.guests
            ],
        }


def lab_view(chosen: LabSettings) -> LabView:
    """How the lab is doing; never an error because it is down."""
    status = open_lab(chosen).status()
    info = status.info
    if not status.running or info is None:
        return LabView(state_dir=chosen.state, running=False, exists=status.exists)
    try:
        guests = sorted(client(info).containers(), key=lambda guest: guest.vmid)
    except UnreachableError:
        guests = []
    return LabView(
        state_dir=chosen.state,
        running=True,
        exists=True,
        runtime=info.runtime,
        node=info.node,
        api_url=info.api_url,
        pid=info.pid,
        notes=info.notes,
        guests=tuple(guests),
    )


def client(info: LabInfo) -> Proxmox:
    """The lab's API with its own credentials."""
    return Proxmox(
        info.api_url,
        token_id=info.token_id,
        token_secret=info.token_secret,
        ca_file=info.ca_file,
    )


def api_answers(chosen: LabSettings) -> bool:
    """Whether the lab is up and its API answers."""
    try:
        client(open_lab(chosen).info()).version()
    except HomelabError:
        return False
    return True


def node_argv(info: LabInfo, words: Sequence[str], *, directory: Path) -> tuple[str, ...]:
    """The command line that runs `words` inside the node's namespaces, in `directory`.

    Raises:
        CapabilityError: the lab keeps state only, so there is no inside.
    """
    if info.netns is None or info.mntns is None:
        raise _state_only("there is nothing to enter")
    # nsenter opens its own -w directory before it enters; env -C looks it up inside.
    namespaces = (f"--net={info.netns}", f"--mount={info.mntns}")
    return ("nsenter", *namespaces, "--", "env", "-C", str(directory), *words)


def console_log(info: LabInfo, name: str) -> Path:
    """What a container, given by its name or vmid, wrote to its console since its creation.

    Raises:
        CapabilityError: the lab keeps state only.
        ConfigurationError: there is no such container, or it has never been started.
    """
    if info.mntns is None:
        raise _state_only("there is no console")
    found = _container(info, name)
    path = Path(info.state_dir, "lxc", str(found.vmid), "console.log")
    if not path.is_file():
        raise ConfigurationError(f"container {name} has never been started, so there is no log")
    return path


def _state_only(so: str) -> CapabilityError:
    return CapabilityError(
        f"the lab's memory runtime keeps state only: {so}",
        hint="bring it up as root: homelab lab destroy, then homelab lab up",
    )


def runs(info: LabInfo, name: str) -> bool:
    """Whether a container, given by its name or vmid, runs."""
    return _container(info, name).status == "running"


def _container(info: LabInfo, name: str) -> GuestEntry:
    guests = client(info).containers()
    found = next((guest for guest in guests if name in {guest.name, str(guest.vmid)}), None)
    if found is None:
        known = ", ".join(sorted(guest.name for guest in guests)) or "none"
        raise ConfigurationError(f"the lab has no container {name!r}; there are: {known}")
    return found


def container_argv(info: LabInfo, name: str, words: Sequence[str]) -> tuple[str, ...]:
    """The command line that runs `words` inside a container, given by its name or vmid.

    Raises:
        ConfigurationError: there is no such container, or it does not run.
    """
    found = _container(info, name)
    if found.status != "running":
        raise ConfigurationError(f"container {name} is {found.status}, so nothing runs in it")
    terminal = environment().get("TERM", "dumb")
    attach = ("lxc-attach", "-n", str(found.vmid), "--clear-env", "-v", f"TERM={terminal}")
    return node_argv(info, (*attach, "--", *words), directory=Path("/"))


def image_rows(chosen: LabSettings) -> tuple[tuple[str, ...], ...]:
    """Templates and service images of the lab: name, origin, digest."""
    from homelab.lab.registry.service_images import read_service_images

    images = read_service_images(chosen.state)
    return (
        *_template_rows(chosen),
        *((image.reference, image.origin, image.digest) for image in images),
    )


def _template_rows(chosen: LabSettings) -> tuple[tuple[str, ...], ...]:
    status = open_lab(chosen).status()
    if status.info is None or not status.running:
        return ()
    content: Sequence[Mapping[str, Any]] = client(status.info).get(
        f"nodes/{status.info.node}/storage/local/content"
    )
    return tuple(
        (str(item["volid"]), "mmdebstrap", "-")
        for item in content
        if item.get("content") == "vztmpl"
    )


def endpoint_rows() -> tuple[tuple[str, ...], ...]:
    """What the lab serves and refuses, and what its storages do on this machine.

    Method, path, permission, clients, effect or reason.
    """
    from homelab.lab.api.evidence import ledger
    from homelab.lab.api.refused import REFUSED
    from homelab.lab.api.table import ENDPOINTS
    from homelab.lab.volumes.node_volumes import describe_backends

    rows: list[tuple[str, ...]] = []
    for endpoint in ENDPOINTS:
        shown = str(endpoint.permission)
        effect = "stored only" if endpoint.stored_only else "served"
        clients = ledger().get((endpoint.method, endpoint.path), ())
        rows.append((endpoint.method, endpoint.path, shown, ", ".join(clients) or "-", effect))
    rows += [("any", path, "-", "-", f"refused: {reason}") for path, reason in REFUSED.items()]
    rows += [("storage", name, "-", "-", what) for name, what in describe_backends().items()]
    return tuple(rows)
