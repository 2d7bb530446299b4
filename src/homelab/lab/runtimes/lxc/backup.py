"""Backups of real containers as Proxmox VE's own archives, and containers made of them.

An archive is a tar with owners as the container sees them: tar runs in the container's id map.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from homelab.errors import CommandError
from homelab.lab.host.namespaces import Node
from homelab.lab.images.ownership import ID_BASE, ID_COUNT
from homelab.lab.runtime import Credentials, Guest, RuntimeFailureError, TaskLog
from homelab.lab.runtimes.lxc import mounts, rootfs
from homelab.lab.runtimes.lxc.config import Mount
from homelab.lab.runtimes.lxc.mounts import root_of
from homelab.lab.runtimes.lxc.volumes import VolumeWork
from homelab.lab.volumes.directories import remove_tree
from homelab.lab.volumes.node_volumes import NodeVolumes

_LXC = Path("/var/lib/lxc")
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

    def __init__(self, node: Node, volumes: NodeVolumes, work: VolumeWork, directory: Path) -> None:
        self._node = node
        self._volumes = volumes
        self._work = work
        self._directory = directory

    def backup(
        self, guest: Guest, archive: Path, *, config: str, running: bool, log: TaskLog
    ) -> int:
        """Write an archive; it has its name once it is whole."""
        archive.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = archive.with_name(archive.name.partition(".")[0] + ".dat")
        for left in archive.parent.glob(f"vzdump-lxc-{guest.vmid}-*.dat"):
            left.unlink()
        if not running:
            layers = rootfs.layers_of(self._volumes.root(root_of(guest).volid))
            mounts.make_directories(layers, guest)
        with (
            self._notes(guest, config) as notes,
            self._frozen(guest, log) as tree,
            self._mounted(guest, tree) as root,
        ):
            log(f"INFO: creating vzdump archive '{archive}'")
            tar = (
                *(*_MAPPED, "tar", "--create", "--file=-", "--zstd", "--totals", *_FLAGS),
                *(f"--directory={notes}", "./etc/vzdump/pct.conf"),
                *(f"--directory={root}", *_EXCLUDED, *mounts.sources(guest)),
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
        root = self._volumes.make_root(root_of(guest), ())
        for volume in mounts.below_root(guest):
            self._volumes.free(volume.volid)
        layers = rootfs.layers_of(root)
        mounts.make_directories(layers, guest)
        tree = mounts.live(self._volumes, guest, root, str(self._tree(guest)))
        with self._mounted(guest, tree) as where:
            log(f"extracting archive '{archive}'")
            tar = (
                *(*_MAPPED, "tar", "--extract", "--file=-", "--zstd", "--totals", *_FLAGS),
                *("-C", where, "--anchored", "--exclude", "./dev/*"),
            )
            self._tar(_FROM, archive, tar, log=log)
        remove_tree(root.upper / "etc/vzdump")
        self._work.introduce(guest, credentials)

    @contextmanager
    def _frozen(self, guest: Guest, log: TaskLog) -> Iterator[tuple[Mount, ...]]:
        """The mounts of a tree that does not change, as far as the storages can."""
        target = str(self._tree(guest))
        if not all(self._volumes.backend(v.volid)[0].snapshots for v in guest.volumes):
            log("INFO: some volumes have no snapshots: files are read while the container runs")
            yield mounts.live(
                self._volumes, guest, self._volumes.root(root_of(guest).volid), target
            )
            return
        log("INFO: create storage snapshot 'vzdump'")
        self._work.snapshot(guest, _SNAPSHOT, log=lambda _line: None)
        try:
            yield mounts.kept(self._volumes, guest, _SNAPSHOT, target)
        finally:
            self._work.delete_snapshot(guest, _SNAPSHOT)

    @contextmanager
    def _mounted(self, guest: Guest, tree: tuple[Mount, ...]) -> Iterator[Path]:
        shown, directory = self._tree(guest), self._directory / str(guest.vmid)
        (directory / shown.name).mkdir(mode=0o755, parents=True, exist_ok=True)
        fstab = directory / "vzdump.fstab"
        fstab.write_text(mounts.fstab(tree), encoding="utf-8")
        self._unmount(shown)
        try:
            self._node.run("mount", "--all", "--fstab", shown.parent / fstab.name)
            yield shown
        finally:
            self._unmount(shown)
            fstab.unlink(missing_ok=True)
            with suppress(OSError):
                (directory / shown.name).rmdir()

    def _unmount(self, shown: Path) -> None:
        self._node.run("umount", "--recursive", "--lazy", "--quiet", shown, expected=(0, 1, 32))

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
            yield _LXC / str(guest.vmid) / directory.name
        finally:
            remove_tree(directory)

    def _tree(self, guest: Guest) -> Path:
        return _LXC / str(guest.vmid) / mounts.COPIED

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
