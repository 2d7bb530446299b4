"""What makes up a container's tree, and mounting it: for its start, a restore, or a backup.

What is below the root is a guest's: names in it are looked up by `homelab.lab.host.tree` alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from homelab.errors import CapabilityError
from homelab.lab.host import kernel
from homelab.lab.host.mounting import detach_all
from homelab.lab.host.namespaces import Node
from homelab.lab.host.tree import Tree
from homelab.lab.images.ownership import ID_BASE, ID_COUNT
from homelab.lab.runtime import Guest, RuntimeFailureError, Volume
from homelab.lab.volumes.node_volumes import NodeVolumes, RootVolume

SHOWN = Path("/var/lib/lxc")
"""Where the node's mount namespace shows the state's `lxc` directory."""
COPIED = "vzsnap"
"""Where a container's tree is while it is copied, beside where it is while it runs."""
_DOCKER = "var/lib/docker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A volume that is mounted below the root."""

    path: str
    """Without a leading slash."""
    source: Path
    read_only: bool = False
    mode: int = 0o755
    """Of its directory, where that is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A container's tree in parts, those that lie in others last; paths are the node's."""

    upper: Path
    layers: tuple[Path, ...]
    """The template's, the topmost first."""
    work: Path | None
    """None: nobody writes to it."""
    parts: tuple[Part, ...]

    def mount_root(self, target: Path) -> None:
        """Mount the root on a directory of ours; done in the node."""
        detach_all(target)
        if not self.layers:
            mount(self.upper, target, read_only=self.work is None)
            return
        layers = [str(layer) for layer in self.layers]
        if self.work is None:
            kernel.mount_overlay(
                f"lowerdir={':'.join([str(self.upper), *layers])}", str(target), read_only=True
            )
            return
        upper = f"upperdir={self.upper},workdir={self.work}"
        kernel.mount_overlay(f"lowerdir={':'.join(layers)},{upper}", str(target))

    def mount(self, target: Path, *, prepare: Callable[[Tree], None] = lambda _tree: None) -> None:
        """Mount everything in the node; `prepare` is given the root before what lies in it."""
        self.mount_root(target)
        with guest_tree(target) as tree:
            prepare(tree)
            for part in self.parts:
                with tree.mount_point(part.path, mode=part.mode) as directory:
                    _attach(part.source, directory, read_only=part.read_only)


def live(volumes: NodeVolumes, guest: Guest) -> Assembly:
    """The tree of now, to be written to; volumes that are missing are made."""
    root = volumes.root(root_of(guest).volid)
    parts = [
        Part(
            path=volume.path.strip("/"),
            source=volumes.shown(volumes.make(volume)),
            read_only=volume.read_only,
        )
        for volume in below_root(guest)
    ]
    return _assembled(volumes, guest, root, parts, work=volumes.shown(root.work))


def as_it_is(volumes: NodeVolumes, guest: Guest, *, running: bool) -> Assembly:
    """The tree of now, to be read alone."""
    root = volumes.root(root_of(guest).volid)
    parts = [_read(volumes, volume, volumes.path(volume.volid)) for volume in below_root(guest)]
    found = _assembled(volumes, guest, root, parts)
    if running:  # two overlays of one directory don't agree
        return replace(found, upper=SHOWN / str(guest.vmid) / "rootfs", layers=())
    return found


def kept(volumes: NodeVolumes, guest: Guest, snapshot: str) -> Assembly:
    """The tree of a snapshot."""
    root = RootVolume(path=_kept(volumes, root_of(guest), snapshot))
    parts = [_read(volumes, one, _kept(volumes, one, snapshot)) for one in below_root(guest)]
    return _assembled(volumes, guest, root, parts)


@contextmanager
def opened(node: Node, volumes: NodeVolumes, directory: Path, guest: Guest) -> Iterator[Tree]:
    """The root of a container that does not run, mounted for this process alone.

    `directory` is the state's, with one directory for each container.
    """
    root = volumes.root(root_of(guest).volid)
    assembly = _assembled(volumes, guest, root, [], work=volumes.shown(root.work))
    (directory / str(guest.vmid) / COPIED).mkdir(mode=0o755, parents=True, exist_ok=True)
    target = SHOWN / str(guest.vmid) / COPIED

    def work() -> int:
        assembly.mount_root(target)
        try:
            return os.open(target, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        finally:
            detach_all(target)

    descriptor = node.inside(work)
    try:
        yield Tree(descriptor, owner=ID_BASE, owners=ID_COUNT)
    finally:
        os.close(descriptor)


@contextmanager
def guest_tree(path: Path) -> Iterator[Tree]:
    """The tree below a directory that is not a guest's to replace."""
    with Tree.at(path, owner=ID_BASE, owners=ID_COUNT) as tree:
        yield tree


def mount(source: Path, target: Path, *, read_only: bool = False) -> None:
    """Mount a directory on one of ours; done in the node."""
    directory = os.open(target, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _attach(source, directory, read_only=read_only)
    finally:
        os.close(directory)


def root_of(guest: Guest) -> Volume:
    """The root volume; raises RuntimeFailureError where there is none."""
    for volume in guest.volumes:
        if volume.path == "/":
            return volume
    raise RuntimeFailureError(f"CT {guest.vmid} has no root volume")


def below_root(guest: Guest) -> list[Volume]:
    """The mount points, those that lie in others last."""
    volumes = [volume for volume in guest.volumes if volume.path != "/"]
    return sorted(volumes, key=lambda volume: volume.path.count("/"))


def _assembled(
    volumes: NodeVolumes,
    guest: Guest,
    root: RootVolume,
    parts: list[Part],
    *,
    work: Path | None = None,
) -> Assembly:
    """The parts with Docker's own volume, unless a mount point is where Docker keeps everything."""
    if not any(volume.path.strip("/") == _DOCKER for volume in guest.volumes):
        docker = volumes.shown(root.docker)
        own = Part(path=_DOCKER, source=docker, read_only=work is None, mode=0o710)
        parts = sorted([own, *parts], key=lambda part: part.path.count("/"))
    layers = root.layers()
    missing = [path for path in layers if not path.is_dir()]
    if missing:
        raise CapabilityError(
            f"the template of {root.path.name} is gone from the image cache ({missing[0]})",
            hint="create the container anew: destroy it, then deploy again",
        )
    upper = volumes.shown(root.upper)
    return Assembly(upper=upper, layers=layers, work=work, parts=tuple(parts))


def _read(volumes: NodeVolumes, volume: Volume, path: Path) -> Part:
    return Part(path=volume.path.strip("/"), source=volumes.shown(path), read_only=True)


def _kept(volumes: NodeVolumes, volume: Volume, snapshot: str) -> Path:
    backend, name = volumes.backend(volume.volid)
    return backend.snapshot_path(name, snapshot)


def _attach(source: Path, directory: int, *, read_only: bool) -> None:
    tree = kernel.clone_mount(str(source), read_only=read_only)
    try:
        kernel.attach_mount(tree, directory)
    finally:
        os.close(tree)
