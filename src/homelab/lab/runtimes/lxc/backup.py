"""Backups of real containers as Proxmox VE's own archives, and containers made of them.

An archive is a tar with owners as the container sees them: tar runs in the container's id map.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from homelab.errors import CommandError
from homelab.lab.host.mounting import detach_all
from homelab.lab.host.namespaces import Node
from homelab.lab.images.ownership import ID_BASE, ID_COUNT
from homelab.lab.runtime import Credentials, Guest, RuntimeFailureError, TaskLog
from homelab.lab.runtimes.lxc import mounts
from homelab.lab.runtimes.lxc.containers import Containers
from homelab.lab.runtimes.lxc.mounts import SHOWN, Assembly, Part, root_of
from homelab.lab.runtimes.lxc.volumes import VolumeWork
from homelab.lab.volumes.directories import remove_tree
from homelab.lab.volumes.node_volumes import NodeVolumes

_PARTS = "vzparts"
"""Where the volumes below a container's root are while they are copied."""
_SNAPSHOT = "vzdump"
"""A name that snapshots of users can't have."""
_LIMIT = 6 * 3600.0
_MAPPED = (
    *("lxc-usernsexec", "-m", f"u:0:{ID_BASE}:{ID_COUNT}"),
    *("-m", f"g:0:{ID_BASE}:{ID_COUNT}", "--"),
)
_FLAGS = (
    *("--one-file-system", "--preserve-permissions", "--sparse", "--numeric-owner", "--acls"),
    *("--xattrs", "--xattrs-include=user.*", "--xattrs-include=security.capability"),
    *("--warning=no-file-ignored", "--warning=no-xattr-write"),
)
_EXCLUDED = (
    *("--no-anchored", "--exclude=lost+found", "--anchored"),
    *("--exclude=./tmp/?*", "--exclude=./var/tmp/?*", "--exclude=./var/run/?*.pid"),
)
_CHANGED = (0, 1)
"""tar's exit code 1: a file changed while it was read."""
_INTO = 'out=$1; shift; exec "$@" > "$out"'
_FROM = 'in=$1; shift; exec "$@" < "$in"'


class Backups:
    """Writes and reads the archives of one node's containers."""

    def __init__(
        self,
        node: Node,
        volumes: NodeVolumes,
        work: VolumeWork,
        containers: Containers,
        directory: Path,
    ) -> None:
        self._node = node
        self._volumes = volumes
        self._work = work
        self._containers = containers
        self._directory = directory

    def backup(
        self, guest: Guest, archive: Path, *, config: str, running: bool, log: TaskLog
    ) -> int:
        """Write an archive; it has its name once it is whole."""
        archive.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = archive.with_name(archive.name.partition(".")[0] + ".dat")
        for left in archive.parent.glob(f"vzdump-lxc-{guest.vmid}-*.dat"):
            left.unlink()
        with (
            self._notes(guest, config) as notes,
            self._still(guest, running=running, log=log) as assembly,
            self._laid_out(guest, assembly) as tree,
        ):
            log(f"INFO: creating vzdump archive '{archive}'")
            tar = (
                *(*_MAPPED, "tar", "--create", "--file=-", "--zstd", "--totals", *_FLAGS),
                *(f"--directory={notes}", "./etc/vzdump/pct.conf"),
                *(f"--directory={tree}", *_EXCLUDED, "./"),
                *_sources(tree, assembly),
            )
            try:
                self._tar(_INTO, part, tar, log=log, fine=_CHANGED if running else (0,))
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        part.replace(archive)
        size = archive.stat().st_size
        log(f"INFO: archive file size: {size >> 20}MB")
        return size

    def restore(
        self, guest: Guest, archive: Path, *, credentials: Credentials, log: TaskLog
    ) -> None:
        """Make a container's volumes of an archive."""
        if not archive.is_file():
            raise RuntimeFailureError(f"can't read archive '{archive.name}'")
        self._volumes.make_root(root_of(guest), ())
        for volume in mounts.below_root(guest):
            self._volumes.free(volume.volid)
        assembly = mounts.live(self._volumes, guest)
        where = self._tree(guest)
        (self._directory / str(guest.vmid) / where.name).mkdir(parents=True, exist_ok=True)
        self._node.inside(lambda: assembly.mount(where))
        try:
            log(f"extracting archive '{archive}'")
            tar = (
                *(*_MAPPED, "tar", "--extract", "--file=-", "--zstd", "--totals", *_FLAGS),
                *("-C", where, "--anchored", "--exclude", "./dev/*", "--exclude", "./etc/vzdump"),
            )
            self._tar(_FROM, archive, tar, log=log)
        finally:
            self._node.inside(lambda: detach_all(where))
        self._work.introduce(guest, credentials)

    @contextmanager
    def _still(self, guest: Guest, *, running: bool, log: TaskLog) -> Iterator[Assembly]:
        """The parts of a tree that does not change, as far as the storages can."""
        if not all(self._volumes.backend(v.volid)[0].snapshots for v in guest.volumes):
            if running:
                log("INFO: some volumes have no snapshots: files are read while the container runs")
            yield mounts.as_it_is(self._volumes, guest, running=running)
            return
        log("INFO: create storage snapshot 'vzdump'")
        with self._containers.frozen(guest.vmid):
            self._work.snapshot(guest, _SNAPSHOT, log=lambda _line: None)
        try:
            yield mounts.kept(self._volumes, guest, _SNAPSHOT)
        finally:
            self._work.delete_snapshot(guest, _SNAPSHOT)

    @contextmanager
    def _laid_out(self, guest: Guest, assembly: Assembly) -> Iterator[Path]:
        """Where the root is mounted; each part is beside it, in directories of ours.

        So no name leads through what the container has written, and tar stays on each file system.
        """
        shown, own = self._tree(guest), self._directory / str(guest.vmid) / mounts.COPIED
        own.mkdir(mode=0o755, parents=True, exist_ok=True)
        for place, part in _beside(own, assembly):
            (place / part.path).mkdir(mode=0o755, parents=True, exist_ok=True)

        def lay_out() -> None:
            assembly.mount_root(shown)
            for place, part in _beside(shown, assembly):
                detach_all(place / part.path)
                mounts.mount(part.source, place / part.path, read_only=True)

        def clear() -> None:
            places = [place / part.path for place, part in _beside(shown, assembly)]
            detach_all(shown, *places)

        try:
            self._node.inside(lay_out)
            yield shown
        finally:
            self._node.inside(clear)
            remove_tree(own.with_name(_PARTS))

    @contextmanager
    def _notes(self, guest: Guest, config: str) -> Iterator[Path]:
        """A directory with the container's configuration where the archive has it."""
        directory = self._directory / str(guest.vmid) / "notes"
        remove_tree(directory)
        file = directory / "etc/vzdump/pct.conf"
        file.parent.mkdir(mode=0o755, parents=True)
        file.write_text(config, encoding="utf-8")
        for path in (directory, directory / "etc", directory / "etc/vzdump", file):
            os.chown(path, ID_BASE, ID_BASE)
        try:
            yield SHOWN / str(guest.vmid) / directory.name
        finally:
            remove_tree(directory)

    def _tree(self, guest: Guest) -> Path:
        return SHOWN / str(guest.vmid) / mounts.COPIED

    def _tar(
        self,
        script: str,
        file: Path,
        argv: tuple[str | Path, ...],
        *,
        log: TaskLog,
        fine: Sequence[int] = (0,),
    ) -> None:
        command = ("sh", "-ec", script, "homelab", file, *argv)
        try:
            done = self._node.run(*command, timeout=_LIMIT, expected=fine)
        except CommandError as error:
            for line in error.output.splitlines()[-10:]:
                log(line)
            words = " ".join(map(str, argv))
            raise RuntimeFailureError(
                f"command '{words}' failed: exit code {error.returncode}"
            ) from error
        for line in done.stderr.splitlines():
            log(f"INFO: {line}")


def _beside(tree: Path, assembly: Assembly) -> list[tuple[Path, Part]]:
    """The parts, and the directory below which each has its path."""
    places = tree.with_name(_PARTS)
    return [(places / str(number), part) for number, part in enumerate(assembly.parts)]


def _sources(tree: Path, assembly: Assembly) -> Iterator[str]:
    """The parts as tar has to name them."""
    for place, part in _beside(tree, assembly):
        yield from (f"--directory={place}", f"./{part.path}")
