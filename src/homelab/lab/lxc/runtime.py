"""The runtime that runs every container for real, with lxc, inside the node's namespaces."""

from __future__ import annotations

import errno
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from homelab.errors import CapabilityError, CommandError, HomelabError, WaitTimeoutError
from homelab.lab import cgroups
from homelab.lab.images import BuiltTemplate, ensure_templates
from homelab.lab.lxc import config, rootfs
from homelab.lab.node import Node
from homelab.lab.runtime import (
    Bridge,
    Credentials,
    Guest,
    InterfaceAddress,
    RuntimeFailureError,
    RuntimeKind,
    TaskLog,
    Template,
    Usage,
    Volume,
)
from homelab.lab.storage import RootVolume, Storage, remove_tree
from homelab.polling import wait_until

_log = logging.getLogger(__name__)

_LXC = Path("/var/lib/lxc")
"""Where the node's mount namespace shows the state's `lxc` directory."""


class LxcRuntime:
    """Containers of one node, kept under `state_dir`, made of the templates in `cache_dir`."""

    def __init__(self, state_dir: Path, cache_dir: Path, node: str) -> None:
        self._state = state_dir
        self._cache = cache_dir
        self._node = Node(state_dir, node)
        self._storage = Storage(state_dir / "storage")
        self._templates: Mapping[str, BuiltTemplate] = {}

    @property
    def kind(self) -> RuntimeKind:
        """lxc."""
        return RuntimeKind.LXC

    @property
    def node(self) -> Node:
        """The node that the containers run on."""
        return self._node

    def open(self, bridges: Sequence[Bridge]) -> None:
        """Bring the node up, or attach to the one that is up; templates are built when missing."""
        if os.geteuid() != 0:
            raise CapabilityError(
                "real containers need root", hint="run with sudo, or with '--runtime memory'"
            )
        for path in (self._state, self._cache):
            if set(":,\\\n") & set(str(path.resolve())):
                raise CapabilityError(f"{path}: overlayfs can't use a path with ':' ',' or '\\'")
        self._templates = ensure_templates(self._cache, on_line=lambda line: _log.info("%s", line))
        self._node.up(bridges)

    def notes(self) -> tuple[str, ...]:
        return ()

    def network_namespace(self) -> Path | None:
        return self._node.namespace("net")

    def mount_namespace(self) -> Path | None:
        return self._node.namespace("mnt")

    def templates(self) -> tuple[Template, ...]:
        return tuple(
            Template(volid=f"local:vztmpl/{template.name}", size=template.size)
            for template in self._templates.values()
        )

    def create(
        self, guest: Guest, *, template: str, credentials: Credentials, log: TaskLog
    ) -> None:
        name = template.rpartition("/")[2]
        built = self._templates.get(name)
        if built is None:
            raise RuntimeFailureError(f"volume '{template}' does not exist")
        with _failures(guest, "create"):
            try:
                root = self._storage.make_root(_root(guest).volid, built.layers)
                for volume in _mount_points(guest):
                    self._storage.make(volume.volid)
                layers = rootfs.layers_of(root)
                log(f"extracting archive '{template}'")
                rootfs.set_up(layers, guest, credentials)
            except BaseException:
                self.destroy(guest, log=log)
                raise

    def start(self, guest: Guest, *, log: TaskLog) -> None:
        if self._init_of(guest.vmid) is not None:
            return
        with _failures(guest, "start"):
            self._clear(guest.vmid)
            root = self._storage.root(_root(guest).volid)
            layers = rootfs.layers_of(root)
            rootfs.configure(layers, guest)
            directory = self._directory(guest.vmid)
            (directory / "rootfs").mkdir(parents=True, exist_ok=True)
            directory.chmod(0o755)
            mounts = self._mounts(guest, root, layers)
            (directory / "fstab").write_text("".join(m.line() for m in mounts), encoding="utf-8")
            (directory / "config").write_text(
                config.render(
                    guest,
                    rootfs=f"{_LXC}/{guest.vmid}/rootfs",
                    cgroup=f"{self._node.cgroup_name}/{guest.vmid}",
                    log_file=f"{_LXC}/{guest.vmid}/lxc.log",
                ),
                encoding="utf-8",
            )
            self._node.run("mount", "--all", "--fstab", f"{_LXC}/{guest.vmid}/fstab")
            (directory / "lxc.log").unlink(missing_ok=True)
            try:
                self._node.run("lxc-start", "-n", str(guest.vmid), "-d", timeout=60)
            except (CommandError, WaitTimeoutError):
                for line in self._log_of(guest.vmid):
                    log(line)
                self._clear(guest.vmid)
                raise

    def stop(self, guest: Guest, *, log: TaskLog) -> None:
        with _failures(guest, "stop"):
            cgroups.kill(self._cgroup(guest.vmid) / "payload")
            self._ended(guest.vmid, timeout=10)
            self._clear(guest.vmid)

    def shutdown(self, guest: Guest, *, timeout: float, log: TaskLog) -> bool:
        init = self._init_of(guest.vmid)
        with _failures(guest, "shutdown"):
            if init is not None:
                os.kill(init, signal.SIGRTMIN + 3)
                if not self._ended(guest.vmid, timeout=timeout):
                    return False
            self._clear(guest.vmid)
        return True

    def destroy(self, guest: Guest, *, log: TaskLog) -> None:
        with _failures(guest, "destroy"):
            self._clear(guest.vmid)
            for volume in guest.volumes:
                self._storage.free(volume.volid)
            directory = self._directory(guest.vmid)
            if directory.exists():
                remove_tree(directory)

    def apply(self, old: Guest, new: Guest, *, log: TaskLog) -> None:
        before = {volume.volid for volume in old.volumes}
        after = {volume.volid for volume in new.volumes}
        for volid in sorted(after - before):
            self._storage.make(volid)
        for volid in sorted(before - after):
            self._storage.free(volid)

    def resize(self, guest: Guest, volume: Volume, *, log: TaskLog) -> None:
        log(f"{volume.volid}: sizes are recorded, not enforced")

    def running(self) -> Mapping[int, Usage]:
        found: dict[int, Usage] = {}
        for vmid in self._vmids():
            init = self._init_of(vmid)
            if init is not None:
                found[vmid] = Usage(pid=init, uptime=0.0)
        return found

    def addresses(self, guest: Guest) -> tuple[InterfaceAddress, ...]:
        return ()

    def close(self) -> None:
        return

    def shut_node(self, guests: Sequence[Guest]) -> None:
        self._node.down()

    def destroy_node(self) -> None:
        self._node.down()
        for name in ("lxc", "storage", "node"):
            path = self._state / name
            if path.exists():
                remove_tree(path)

    def _cgroup(self, vmid: int) -> Path:
        return self._node.cgroup / str(vmid)

    def _directory(self, vmid: int) -> Path:
        return self._state / "lxc" / str(vmid)

    def _vmids(self) -> tuple[int, ...]:
        try:
            names = os.listdir(self._node.cgroup)
        except FileNotFoundError:
            return ()
        return tuple(sorted(int(name) for name in names if name.isdecimal()))

    def _init_of(self, vmid: int) -> int | None:
        payload = self._cgroup(vmid) / "payload"
        if not cgroups.populated(payload):
            return None
        for group in ("ns/init.scope", "ns", "."):
            try:
                text = (payload / group / "cgroup.procs").read_text(encoding="ascii")
            except OSError:
                continue
            if text.strip():
                return int(text.split()[0])
        return next(iter(sorted(cgroups.members(payload))), None)

    def _ended(self, vmid: int, *, timeout: float) -> bool:
        group = self._cgroup(vmid)
        try:
            wait_until(
                lambda: not cgroups.populated(group), what="end", timeout=timeout, interval=0.02
            )
        except WaitTimeoutError:
            return False
        return True

    def _clear(self, vmid: int) -> None:
        """Remove what a container that does not run (any more) left: group, mounts."""
        group = self._cgroup(vmid)
        if group.is_dir():
            cgroups.kill(group)
            cgroups.remove(group)
        if self._node.holder() is not None:
            self._node.run(
                *("umount", "--recursive", "--lazy", "--quiet", f"{_LXC}/{vmid}/rootfs"),
                expected=(0, 1, 32),
            )

    def _mounts(
        self, guest: Guest, root: RootVolume, layers: rootfs.Layers
    ) -> tuple[config.Mount, ...]:
        target = f"{_LXC}/{guest.vmid}/rootfs"
        lower = root.template.read_text(encoding="utf-8").splitlines()
        found = [config.overlay(lower, root.upper, root.work, target)]
        volumes = _mount_points(guest)
        if not any(volume.path.rstrip("/") == "/var/lib/docker" for volume in volumes):
            layers.directory("var/lib/docker", mode=0o710)
            found.append(config.bind(root.docker, f"{target}/var/lib/docker"))
        for volume in sorted(volumes, key=lambda v: v.path.count("/")):
            layers.directory(volume.path.strip("/"))
            found.append(
                config.bind(
                    self._storage.make(volume.volid),
                    f"{target}/{volume.path.strip('/')}",
                    read_only=volume.read_only,
                )
            )
        return tuple(found)

    def _log_of(self, vmid: int) -> list[str]:
        try:
            text = (self._directory(vmid) / "lxc.log").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        return text.splitlines()[-20:]


def _root(guest: Guest) -> Volume:
    for volume in guest.volumes:
        if volume.path == "/":
            return volume
    raise RuntimeFailureError(f"CT {guest.vmid} has no root volume")


def _mount_points(guest: Guest) -> tuple[Volume, ...]:
    return tuple(volume for volume in guest.volumes if volume.path != "/")


@contextmanager
def _failures(guest: Guest, action: str) -> Iterator[None]:
    """Turn whatever fails into the runtime's own error, which a task shows."""
    try:
        yield
    except RuntimeFailureError:
        raise
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise RuntimeFailureError(
                f"unable to {action} CT {guest.vmid} - no space left in the lab's storage",
                hint="free some disk space, then try again",
            ) from error
        raise RuntimeFailureError(f"unable to {action} CT {guest.vmid} - {error}") from error
    except HomelabError as error:
        raise RuntimeFailureError(
            f"unable to {action} CT {guest.vmid} - {error.message}", hint=error.hint
        ) from error
