"""What is mounted where to make a container's tree: for its start, a restore, or a backup."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from homelab.lab.runtime import Guest, RuntimeFailureError, Volume
from homelab.lab.runtimes.lxc import config, rootfs
from homelab.lab.runtimes.lxc.config import Mount
from homelab.lab.volumes.node_volumes import NodeVolumes, RootVolume

COPIED = "vzsnap"
"""Where a container's tree is while it is copied, beside where it is while it runs."""
_DOCKER = "var/lib/docker"


def make_directories(layers: rootfs.Layers, guest: Guest) -> None:
    """Make the directories that volumes are mounted on; the root volume is not mounted."""
    if not has_docker_volume(guest):
        layers.directory(_DOCKER, mode=0o710)
    for volume in below_root(guest):
        layers.directory(volume.path.strip("/"))


def live(volumes: NodeVolumes, guest: Guest, root: RootVolume, target: str) -> tuple[Mount, ...]:
    """The tree of now, to be written to."""
    upper = volumes.shown(root.upper)
    layers = root.layers()
    if layers:
        first = config.overlay(list(map(str, layers)), upper, volumes.shown(root.work), target)
    else:
        first = config.bind(upper, target)
    return (
        first,
        *_docker(volumes, guest, root, target),
        *(
            config.bind(
                volumes.shown(volumes.make(volume)),
                _below(target, volume),
                read_only=volume.read_only,
            )
            for volume in below_root(guest)
        ),
    )


def kept(volumes: NodeVolumes, guest: Guest, snapshot: str, target: str) -> tuple[Mount, ...]:
    """The tree of a snapshot, read-only."""
    root = RootVolume(path=_kept(volumes, root_of(guest), snapshot))
    upper = volumes.shown(root.upper)
    layers = root.layers()
    mounts = [config.bind(upper, target, read_only=True)]
    if layers:
        mounts = [config.read_only_overlay((str(upper), *map(str, layers)), target)]
    mounts += _docker(volumes, guest, root, target)
    mounts += [
        config.bind(
            volumes.shown(_kept(volumes, volume, snapshot)), _below(target, volume), read_only=True
        )
        for volume in below_root(guest)
    ]
    return tuple(mounts)


def sources(guest: Guest) -> tuple[str, ...]:
    """The parts of the tree as tar has to name them to stay on one file system each."""
    docker = () if has_docker_volume(guest) else (f"./{_DOCKER}",)
    return ("./", *docker, *(f".{volume.path}" for volume in below_root(guest)))


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


def has_docker_volume(guest: Guest) -> bool:
    """Whether a mount point is where Docker keeps everything."""
    return any(volume.path.strip("/") == _DOCKER for volume in guest.volumes)


def fstab(mounts: Iterable[Mount]) -> str:
    """As mount(8) reads it."""
    return "".join(mount.line() for mount in mounts)


def _docker(volumes: NodeVolumes, guest: Guest, root: RootVolume, target: str) -> list[Mount]:
    if has_docker_volume(guest):
        return []
    return [config.bind(volumes.shown(root.docker), f"{target}/{_DOCKER}")]


def _below(target: str, volume: Volume) -> str:
    return f"{target}/{volume.path.strip('/')}"


def _kept(volumes: NodeVolumes, volume: Volume, snapshot: str) -> Path:
    backend, name = volumes.backend(volume.volid)
    return backend.snapshot_path(name, snapshot)
