"""Volumes of the lab's storages, by volume id; owned by the containers' ids."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from homelab.errors import HomelabError
from homelab.lab.host.namespaces import Node
from homelab.lab.images.ownership import ID_BASE
from homelab.lab.runtime import RuntimeFailureError, Volume
from homelab.lab.volumes import Directories, Pool, RawImages, Subvolumes, VolumeBackend, raw_images
from homelab.lab.volumes import pool as pools
from homelab.lab.volumes.loops import release

_SPARE = 64 << 20
"""Bytes that stay free on the disk below the storages."""
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_VOLID = re.compile(rf"([A-Za-z][A-Za-z0-9._-]*):({_PART}(?:/{_PART})?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RootVolume:
    """The directories behind a container's root file system."""

    path: Path

    @property
    def upper(self) -> Path:
        """What differs from the template; everything, where there is no template."""
        return self.path / "upper"

    @property
    def work(self) -> Path:
        """What overlayfs keeps for itself."""
        return self.path / "work"

    @property
    def docker(self) -> Path:
        """What the container sees as /var/lib/docker: overlayfs can't be stacked on overlayfs."""
        return self.path / "docker"

    @property
    def template(self) -> Path:
        """The file that names the template's layers, one a line, the topmost first."""
        return self.path / "template"

    def layers(self) -> tuple[Path, ...]:
        """The template's layers; none for a volume that is whole by itself."""
        return tuple(map(Path, self.template.read_text(encoding="utf-8").splitlines()))


class NodeVolumes:
    """All volumes of a node. Paths are as the server sees them: `shown` is the node's view."""

    def __init__(self, directory: Path, node: Node) -> None:
        # The kernel names mounts and files without symbolic links, and an absolute one would lead
        # from the node's namespace into this process's.
        self._directory = directory.resolve()
        self._node = node
        self._pool = Pool(self._directory / "pool.img", self._directory / "local-zfs", node)
        self._backends: dict[str, VolumeBackend] = {}
        self._notes: list[str] = []

    def open(self) -> None:
        """Have every storage on the best that the kernel offers; the node is up.

        Raises:
            CommandError: volumes that are there already can't be reached.
        """
        self._notes = []
        self._directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._backends = {"local-zfs": self._zfspool(), "local-dir": self._dir()}

    def notes(self) -> tuple[str, ...]:
        """What the storages lack against a real node's, one sentence each."""
        return tuple(self._notes)

    def backend(self, volid: str) -> tuple[VolumeBackend, str]:
        """What keeps a volume, and the volume's name there.

        Raises:
            RuntimeFailureError: the id is none (a bind mount of a host path, for example).
        """
        match = _VOLID.fullmatch(volid)
        if match is None:
            raise RuntimeFailureError(f"unable to parse volume ID '{volid}'")
        storage, name = match.groups()
        if storage not in self._backends:
            self._backends[storage] = Directories(self._directory / storage)
        backend = self._backends[storage]
        if isinstance(backend, RawImages) and not name.endswith(raw_images.RAW):
            backend = backend.unlimited
        return backend, name

    def path(self, volid: str) -> Path:
        backend, name = self.backend(volid)
        return backend.path(name)

    def shown(self, path: Path) -> Path:
        """A path of a volume as programs in the node see it."""
        return self._node.shown(path)

    def root(self, volid: str) -> RootVolume:
        """A root volume's directories, whether they exist or not."""
        return RootVolume(path=self.path(volid))

    def require_room(self) -> None:
        """Refuse to begin what the disk below has no room for: a file system in a file breaks then.

        Raises:
            RuntimeFailureError: less is free than the storage needs to stay writable.
        """
        space = os.statvfs(self._directory)
        if space.f_bavail * space.f_frsize < _SPARE:
            raise RuntimeFailureError(
                "no space left in the lab's storage", hint="free some disk space, then try again"
            )

    def make_root(self, volume: Volume, layers: tuple[Path, ...]) -> RootVolume:
        """A new, empty root volume on top of a template's layers; an earlier one is replaced.

        The template counts as part of what the volume holds, as it does where it is unpacked.
        """
        taken = template_size(layers)
        if 0 < volume.size < taken:
            raise RuntimeFailureError(
                f"no space left in {volume.volid}: the template takes {taken >> 20} MiB, "
                f"and the volume has {volume.size >> 20} MiB"
            )
        self.free(volume.volid)
        self.require_room()
        backend, name = self.backend(volume.volid)
        backend.make(name, room(volume.size, taken))
        root = RootVolume(path=backend.path(name))
        _own(root.path, owner=0)
        for directory in (root.upper, root.work, root.docker):
            directory.mkdir(mode=0o755)
            _own(directory, owner=ID_BASE)
        root.docker.chmod(0o710)
        root.template.write_text("".join(f"{layer}\n" for layer in layers), encoding="utf-8")
        return root

    def make(self, volume: Volume) -> Path:
        """A mount point's volume; one that exists keeps its content."""
        backend, name = self.backend(volume.volid)
        if not backend.path(name).is_dir():
            self.require_room()
        made = backend.make(name, volume.size)
        path = backend.path(name)
        if made:
            _own(path, owner=ID_BASE)
        return path

    def resize(self, volume: Volume) -> str | None:
        """Grow a volume; says when that does not hold at once."""
        backend, name = self.backend(volume.volid)
        taken = self._taken(volume) if volume.path == "/" else 0
        return backend.limit(name, room(volume.size, taken))

    def used(self, volume: Volume) -> int:
        """Bytes that a volume holds, those of its template included."""
        backend, name = self.backend(volume.volid)
        return backend.used(name) + (self._taken(volume) if volume.path == "/" else 0)

    def settle(self, volumes: Iterable[Volume]) -> None:
        """Finish what waited for volumes to be out of use."""
        for volume in volumes:
            backend, name = self.backend(volume.volid)
            backend.settle(name)

    def copy(self, source: Volume, target: Volume, *, snapshot: str | None) -> None:
        """Make `target` with the content of a volume, of now or of a snapshot."""
        self.require_room()
        origin, origin_name = self.backend(source.volid)
        path = origin.path(origin_name)
        if snapshot is not None:
            path = origin.snapshot_path(origin_name, snapshot)
        if not path.is_dir():
            raise RuntimeFailureError(f"volume '{source.volid}' does not exist")
        taken = template_size(RootVolume(path=path).layers()) if source.path == "/" else 0
        size = room(target.size or source.size, taken)
        backend, name = self.backend(target.volid)
        if not backend.clone(path, name, size):
            backend.free(name)
            backend.make(name, size)
            self._node.run(
                *("cp", "--archive", "--reflink=auto", "--no-target-directory", "--"),
                *(self.shown(path), self.shown(backend.path(name))),
                timeout=3600,
            )

    def free(self, volid: str) -> None:
        """Remove a volume; nothing happens when there is none."""
        backend, name = self.backend(volid)
        backend.free(name)

    def forget_writes(self) -> None:
        """Have the node's end not wait for the disk: everything is about to be removed."""
        self._pool.forget_writes()

    def release(self) -> bool:
        """Wait until no loop device is left; the node is down."""
        return release(self._directory)

    def _taken(self, volume: Volume) -> int:
        return template_size(self.root(volume.volid).layers())

    def _zfspool(self) -> VolumeBackend:
        plain = self._directory / "local-zfs"
        before = not self._pool.file.exists() and plain.is_dir() and any(plain.iterdir())
        why = "its volumes are of an earlier release" if before else pools.missing()
        if why is None:
            existed = self._pool.file.exists()
            backend = Subvolumes(self._pool.root)
            try:
                self._pool.mount()
                backend.prepare()
            except (HomelabError, OSError) as error:
                if existed:
                    raise
                self._pool.file.unlink(missing_ok=True)
                why = str(error)
            else:
                self._notes.append(
                    "local-zfs is btrfs in a file: sizes hold, and df in a container shows the pool"
                )
                return backend
        self._notes.append(
            f"local-zfs is plain directories, because {why}: volume sizes are recorded and not "
            "enforced, and snapshots are copies"
        )
        return Directories(plain)

    def _dir(self) -> VolumeBackend:
        why = raw_images.missing()
        if why is None:
            return RawImages(self._directory / "local-dir", self._node)
        self._notes.append(
            f"local-dir is plain directories, because {why}: volume sizes are recorded and not "
            "enforced"
        )
        return Directories(self._directory / "local-dir")


def room(size: int, taken: int) -> int:
    """What is left of a size beside a template; 0 stays no limit."""
    return max(size - taken, 1 << 20) if size else 0


def template_size(layers: Iterable[Path]) -> int:
    """Bytes of a template, as the image cache has measured it."""
    return sum(_measured(layer.parent / "template.json") for layer in layers)


def describe_backends() -> dict[str, str]:
    """What each storage for containers is on this machine."""
    zfs, raw = pools.missing(), raw_images.missing()
    return {
        "local-zfs": "btrfs in a file: sizes, snapshots and linked clones hold"
        if zfs is None
        else f"plain directories ({zfs}): sizes are recorded and not enforced, snapshots are copies",
        "local-dir": "ext4 in raw files: sizes hold; no snapshots, as on a real dir storage"
        if raw is None
        else f"plain directories ({raw}): sizes are recorded and not enforced",
    }


def _own(path: Path, *, owner: int) -> None:
    path.chmod(0o755)
    os.chown(path, owner, owner)


@cache
def _measured(record: Path) -> int:
    """A record is never changed, and its directory is named by content."""
    return int(json.loads(record.read_text(encoding="utf-8"))["size"])
