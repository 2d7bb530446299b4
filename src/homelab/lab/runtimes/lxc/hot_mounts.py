"""Volumes of a running container: mounting one more, and taking some away.

Names are looked up below the container's root, by descriptor; only the two system calls that change
its mounts are made in its mount namespace.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from homelab.lab.host import kernel
from homelab.lab.host.mounting import inside, mount_id
from homelab.lab.host.namespaces import Node
from homelab.lab.host.tree import Tree
from homelab.lab.runtime import Volume
from homelab.lab.runtimes.lxc.mounts import guest_tree


@dataclass(frozen=True, slots=True)
class Running:
    """A container that runs, as seen from outside."""

    init: int
    tree: Tree

    @property
    def namespace(self) -> Path:
        """Its mount namespace."""
        return Path(f"/proc/{self.init}/ns/mnt")

    def mount(self, node: Node, source: Path, volume: Volume) -> None:
        """Mount a directory of the node's where a volume is to be.

        Raises:
            TreeError: a symbolic link or a file is in the way.
        """
        with ExitStack() as stack:
            directory = stack.enter_context(self.tree.mount_point(volume.path.strip("/")))
            container = os.open(self.namespace, os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, container)

            def work() -> None:
                mounted = kernel.clone_mount(str(source), read_only=volume.read_only)
                try:
                    kernel.enter(container)
                    kernel.attach_mount(mounted, directory)
                finally:
                    os.close(mounted)

            node.inside(work)

    def unmount(self, names: frozenset[str]) -> None:
        """Detach every mount of volumes; what is in use stays for those who use it.

        A name is that of a volume's directory, or the `MAJOR:MINOR` of a file system that is a
        volume by itself.
        """
        text = Path(f"/proc/{self.init}/mountinfo").read_text(
            encoding="utf-8", errors="surrogateescape"
        )
        for number, target in targets(text, names):
            with suppress(OSError):
                self._detach(number, target)

    def _detach(self, number: int, target: str) -> None:
        """Detach what is mounted at a place, if it is that mount."""
        directory = kernel.open_inside(self.tree.descriptor, target, os.O_PATH, kernel.NO_LINKS)

        def work() -> None:
            os.fchdir(directory)
            kernel.detach(".")

        try:
            if mount_id(directory) == number:
                inside(self.namespace, work)
        finally:
            os.close(directory)


def targets(mountinfo: str, names: frozenset[str]) -> list[tuple[int, str]]:
    """Number and place of those volumes' mounts, the latest first (proc_pid_mountinfo(5))."""
    found = []
    for line in mountinfo.removesuffix("\n").split("\n"):
        number, _parent, device, root, target, *_rest = line.split(" ")
        own = PurePath(root.removesuffix("//deleted")).name or device
        if own in names:
            place = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), target)
            found.append((int(number), place))
    return found[::-1]


@contextmanager
def entered(init: int) -> Iterator[Running]:
    """A container by its init."""
    with guest_tree(Path(f"/proc/{init}/root")) as tree:
        yield Running(init, tree)
