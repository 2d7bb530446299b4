"""Snapshots, clones and templates of real containers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from homelab.lab.host.namespaces import Node
from homelab.lab.host.tree import Tree
from homelab.lab.runtime import Credentials, Guest, TaskLog
from homelab.lab.runtimes.lxc import rootfs
from homelab.lab.runtimes.lxc.mounts import opened
from homelab.lab.runtimes.lxc.names import Names
from homelab.lab.volumes.node_volumes import NodeVolumes


class VolumeWork:
    """Work on the volumes of one node's containers; every call may be made again after a crash."""

    def __init__(self, node: Node, volumes: NodeVolumes, names: Names, directory: Path) -> None:
        self._node = node
        self._volumes = volumes
        self._names = names
        self._directory = directory

    def snapshot(self, guest: Guest, name: str, *, log: TaskLog) -> None:
        self._volumes.require_room()
        for volume in guest.volumes:
            backend, own = self._volumes.backend(volume.volid)
            log(f"snapshot {volume.volid}@{name}")
            backend.snapshot(own, name)

    def delete_snapshot(self, guest: Guest, name: str) -> None:
        for volume in guest.volumes:
            backend, own = self._volumes.backend(volume.volid)
            backend.delete_snapshot(own, name)

    def rollback(self, guest: Guest, name: str, *, log: TaskLog) -> None:
        """Put every volume back, to its size of then too."""
        for volume in guest.volumes:
            backend, own = self._volumes.backend(volume.volid)
            log(f"rollback {volume.volid}@{name}")
            backend.rollback(own, name, volume.size)
            self._volumes.resize(volume)

    def clone(
        self, source: Guest, target: Guest, *, snapshot: str | None, linked: bool, log: TaskLog
    ) -> None:
        """Make the volumes of a clone, which gets a machine id of its own."""
        by_path = {volume.path: volume for volume in source.volumes}
        for volume in target.volumes:
            origin = by_path[volume.path]
            kind = "linked" if linked else "full"
            log(f"create {kind} clone of {origin.volid} as {volume.volid}")
            self._volumes.copy(origin, volume, snapshot=snapshot)
        with self._opened(target) as tree:
            rootfs.renew(tree)
        self.introduce(target, Credentials())

    def introduce(self, guest: Guest, credentials: Credentials) -> None:
        """Let a copy's administrator in, and note the copy for programs in the node."""
        with self._opened(guest) as tree:
            rootfs.let_in(tree, credentials)
            rootfs.configure(tree, guest)
            key = rootfs.host_key(tree)
        self._names.record(guest, host_key=key)

    def set_up(self, guest: Guest, credentials: Credentials) -> None:
        """Give a new container its identity and its administrator, and note it."""
        with self._opened(guest) as tree:
            key = rootfs.set_up(tree, guest, credentials)
        self._names.record(guest, host_key=key)

    def make_template(self, renamed: Mapping[str, str]) -> None:
        """Give volumes the names of a template's."""
        for old, new in renamed.items():
            backend, name = self._volumes.backend(old)
            backend.rename(name, self._volumes.backend(new)[1])

    def _opened(self, guest: Guest) -> AbstractContextManager[Tree]:
        return opened(self._node, self._volumes, self._directory, guest)
