"""Volumes of the lab's storages: directories under the state, owned by the containers' ids."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from homelab.lab.images.ownership import ID_BASE
from homelab.lab.runtime import RuntimeFailureError
from homelab.process import run

_VOLID = re.compile(r"([A-Za-z][A-Za-z0-9._-]*):([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RootVolume:
    """The directories behind a container's root file system."""

    path: Path

    @property
    def upper(self) -> Path:
        """What differs from the template."""
        return self.path / "upper"

    @property
    def work(self) -> Path:
        """What overlayfs keeps for itself."""
        return self.path / "work"

    @property
    def merged(self) -> Path:
        """The mount point; what it shows is visible in the node's mount namespace alone."""
        return self.path / "merged"

    @property
    def docker(self) -> Path:
        """What the container sees as /var/lib/docker: overlayfs can't be stacked on overlayfs."""
        return self.path / "docker"

    @property
    def template(self) -> Path:
        """The file that names the template's layers, one a line, the topmost first."""
        return self.path / "template"


class Storage:
    """All volumes of a node, by volume id."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, volid: str) -> Path:
        """Where a volume is.

        Raises:
            RuntimeFailureError: the id is none (a bind mount of a host path, for example).
        """
        match = _VOLID.fullmatch(volid)
        if match is None:
            raise RuntimeFailureError(f"unable to parse volume ID '{volid}'")
        return self._directory / match[1] / match[2]

    def root(self, volid: str) -> RootVolume:
        """A root volume's directories, whether they exist or not."""
        return RootVolume(path=self.path(volid))

    def make_root(self, volid: str, layers: tuple[Path, ...]) -> RootVolume:
        """A new, empty root volume on top of a template's layers; an earlier one is replaced."""
        self.free(volid)
        volume = self.root(volid)
        _directory(volume.path, owner=0)
        for directory in (volume.upper, volume.work, volume.merged, volume.docker):
            _directory(directory, owner=ID_BASE)
        volume.docker.chmod(0o710)
        volume.template.write_text("".join(f"{layer}\n" for layer in layers), encoding="utf-8")
        return volume

    def make(self, volid: str) -> Path:
        """A mount point's volume; one that exists keeps its content."""
        path = self.path(volid)
        if not path.is_dir():
            _directory(path, owner=ID_BASE)
        return path

    def free(self, volid: str) -> None:
        """Remove a volume; nothing happens when there is none."""
        path = self.path(volid)
        if path.exists():
            remove_tree(path)


def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it, quickly (rm is twice as fast as shutil)."""
    run(("rm", "-rf", "--one-file-system", "--", path))


def _directory(path: Path, *, owner: int) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.mkdir(mode=0o755)
    path.chmod(0o755)
    os.chown(path, owner, owner)
