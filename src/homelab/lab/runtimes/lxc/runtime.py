"""The runtime that runs every container for real, with lxc, inside the node's namespaces."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from homelab.errors import CapabilityError, CleanupError, ConfigurationError, HomelabError
from homelab.lab.host.limits import HostLimits
from homelab.lab.host.namespaces import Node
from homelab.lab.images import BuiltTemplate, ensure_templates
from homelab.lab.registry import server as registry_server
from homelab.lab.registry.service_images import blobs_directory, references_file
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
from homelab.lab.runtimes.lxc import links
from homelab.lab.runtimes.lxc.backup import Backups
from homelab.lab.runtimes.lxc.containers import Containers
from homelab.lab.runtimes.lxc.failures import failures
from homelab.lab.runtimes.lxc.measure import Recent
from homelab.lab.runtimes.lxc.mounts import below_root, root_of
from homelab.lab.runtimes.lxc.names import Names
from homelab.lab.runtimes.lxc.notes import notes_on
from homelab.lab.runtimes.lxc.volumes import VolumeWork
from homelab.lab.volumes.directories import remove_tree
from homelab.lab.volumes.node_volumes import NodeVolumes

_log = logging.getLogger(__name__)

REGISTRY_PORT = 5000
_HALT_TIMEOUT = 20.0
_DUMP = "/var/lib/vz/dump"


class LxcRuntime:
    """Containers of one node, kept under `state_dir`, made of the templates in `cache_dir`."""

    kind = RuntimeKind.LXC

    def __init__(self, state_dir: Path, cache_dir: Path, node: str) -> None:
        self._state = state_dir.absolute()
        self._cache = cache_dir.absolute()
        self.node = Node(self._state, node)
        self._volumes = NodeVolumes(self._state / "storage", self.node)
        self._containers = Containers(self.node, self._volumes, self._state / "lxc")
        self._names = Names(self._state / "lxc", self._state / "node")
        self._work = VolumeWork(self.node, self._volumes, self._names, self._state / "lxc")
        self._backups = Backups(
            self.node, self._volumes, self._work, self._containers, self._state / "lxc"
        )
        self._disk = Recent()
        self._limits = HostLimits()
        self._templates: Mapping[str, BuiltTemplate] = {}
        self._notes: tuple[str, ...] = ()

    def open(self, bridges: Sequence[Bridge]) -> str:
        """Bring the node up, or attach to the one that is up; missing templates are built.

        The boot id names the process that holds the node's namespaces.

        Raises:
            CapabilityError: no root, a program is missing, or no space.
            ConfigurationError: the directories' names can't be used.
            CommandError: the package tools or the kernel refused a step.
        """
        if os.geteuid() != 0:
            raise CapabilityError(
                "real containers need root", hint="run with sudo, or with '--runtime memory'"
            )
        for path in (self._state, self._cache):
            if set(":,\\\n") & set(str(path)):
                raise ConfigurationError(
                    f"{path}: overlayfs can't use a path with ':', ',' or '\\'"
                )
        self._templates = ensure_templates(self._cache, on_line=_log.info)
        failed = self._limits.raise_for(self._state)
        self._names.prepare(self._state / "ssh" / "id_ed25519")
        boot_id = self.node.up(bridges)
        self._volumes.open()
        self._containers.thaw()
        if bridges:
            self._serve_images(bridges[0].address.partition("/")[0])
        lacking = notes_on(self._containers.resources.enforced())
        self._notes = (*self._volumes.notes(), *lacking, *failed)
        return boot_id

    def notes(self) -> tuple[str, ...]:
        return self._notes

    def network_namespace(self) -> Path | None:
        return self.node.namespace("net")

    def mount_namespace(self) -> Path | None:
        return self.node.namespace("mnt")

    def templates(self) -> tuple[Template, ...]:
        return tuple(
            Template(volid=f"local:vztmpl/{template.name}", size=template.size)
            for template in self._templates.values()
        )

    def create(
        self, guest: Guest, *, template: str, credentials: Credentials, log: TaskLog
    ) -> None:
        built = self._templates.get(template.rpartition("/")[2])
        if built is None:
            raise RuntimeFailureError(
                f"unable to create CT {guest.vmid} - no template '{template}'"
            )
        with failures(guest, "create"):
            root = root_of(guest)
            try:
                self._volumes.make_root(root, built.layers)
                for other in below_root(guest):
                    self._volumes.make(other)
                log(f"extracting archive '{template}'")
                self._work.set_up(guest, credentials)
                log(f"creating SSH host key 'ssh_host_ed25519_key': done for {guest.hostname}")
            except BaseException:
                self._discard(guest)
                raise

    def start(self, guest: Guest, *, log: TaskLog) -> None:
        if self._containers.init_of(guest.vmid) is not None:
            return
        with failures(guest, "start"):
            self._names.record(guest)
            self._containers.start(guest, root_of(guest), log=log)

    def stop(self, guest: Guest, *, log: TaskLog) -> None:
        del log
        with failures(guest, "stop"):
            self._containers.kill(guest.vmid)

    def shutdown(self, guest: Guest, *, timeout: float, log: TaskLog) -> bool:
        del log
        with failures(guest, "shutdown"):
            return self._containers.halt(guest.vmid, timeout=timeout)

    def destroy(self, guest: Guest, *, log: TaskLog) -> None:
        del log
        with failures(guest, "destroy"):
            self._containers.clear(guest.vmid)
            self._discard(guest)

    def apply(self, old: Guest, new: Guest, *, log: TaskLog) -> None:
        """Change limits, interfaces and mount points; of a running container too."""
        with failures(new, "update"):
            before = {volume.volid for volume in old.volumes}
            after = {volume.volid for volume in new.volumes}
            added = [volume for volume in below_root(new) if volume.volid not in before]
            for volume in added:
                self._volumes.make(volume)
            init = self._containers.init_of(new.vmid)
            if init is not None:
                for volume in added:
                    log(f"mounting {volume.volid} at {volume.path}")
                    self._containers.mount(new, volume)
                self._containers.resources.update(new)
                self._change_links(old, new, init)
                self._containers.unmount(new.vmid, before - after)
            for volid in sorted(before - after):
                self._volumes.free(volid)
            self._names.record(new)

    def resize(self, guest: Guest, volume: Volume, *, log: TaskLog) -> None:
        with failures(guest, "resize"):
            late = self._volumes.resize(volume)
            if late is not None:
                log(late)

    def snapshot(self, guest: Guest, name: str, *, log: TaskLog) -> None:
        with failures(guest, "snapshot"), self._containers.frozen(guest.vmid):
            self._work.snapshot(guest, name, log=log)

    def delete_snapshot(self, guest: Guest, name: str, *, log: TaskLog) -> None:
        del log
        with failures(guest, "delete a snapshot of"):
            self._work.delete_snapshot(guest, name)

    def rollback(self, guest: Guest, name: str, *, log: TaskLog) -> None:
        with failures(guest, "roll back"):
            self._containers.clear(guest.vmid)
            self._work.rollback(guest, name, log=log)

    def clone(
        self, source: Guest, target: Guest, *, snapshot: str | None, linked: bool, log: TaskLog
    ) -> None:
        with failures(target, "clone to"):
            self._work.clone(source, target, snapshot=snapshot, linked=linked, log=log)

    def make_template(self, guest: Guest, renamed: Mapping[str, str], *, log: TaskLog) -> None:
        del log
        with failures(guest, "make a template of"):
            self._containers.clear(guest.vmid)
            self._work.make_template(renamed)

    def backup(self, guest: Guest, archive: Path, *, config: str, log: TaskLog) -> int:
        with failures(guest, "back up"):
            running = self._containers.init_of(guest.vmid) is not None
            return self._backups.backup(guest, archive, config=config, running=running, log=log)

    def restore(
        self, guest: Guest, archive: Path, *, credentials: Credentials, log: TaskLog
    ) -> None:
        with failures(guest, "restore"):
            self._containers.clear(guest.vmid)
            self._backups.restore(guest, archive, credentials=credentials, log=log)

    def suspend(self, guest: Guest, *, log: TaskLog) -> None:
        _refuse(f"lxc-checkpoint -n {guest.vmid} -s -D {_DUMP}", log)

    def resume(self, guest: Guest, *, log: TaskLog) -> None:
        _refuse(f"lxc-checkpoint -n {guest.vmid} -r --foreground -D {_DUMP}", log)

    def running(self) -> Mapping[int, Usage]:
        found = dict(self._containers.usage())
        for vmid, usage in found.items():
            disk = self._disk.get(vmid, usage.pid, partial(self._used, vmid))
            found[vmid] = replace(usage, disk=disk)
        return found

    def changes(self) -> None:
        """None: a container may end by itself."""

    def addresses(self, guest: Guest) -> tuple[InterfaceAddress, ...]:
        init = self._containers.init_of(guest.vmid)
        if init is None:
            return ()
        with failures(guest, "inspect"):
            ip = ("nsenter", "-t", str(init), "-n", "ip", "-json", "address")
            return links.parse_addresses(self.node.run(*ip).stdout)

    def close(self) -> None:
        """Nothing to let go of: the node and its containers live without this process."""

    def shut_node(self, guests: Sequence[Guest]) -> None:
        """Halt every container, all at the same time, and take the node down; volumes stay."""
        del guests
        vmids = self._containers.vmids()
        if vmids:
            with ThreadPoolExecutor(len(vmids)) as pool:
                list(pool.map(lambda v: self._containers.halt(v, timeout=_HALT_TIMEOUT), vmids))
        self._leave()

    def destroy_node(self) -> None:
        """Remove the node with all that runs and all its files; the image cache stays."""
        self._volumes.forget_writes()
        self._leave()
        for name in ("lxc", "storage", "node", "registry"):
            path = self._state / name
            if path.exists():
                remove_tree(path)

    def _used(self, vmid: int) -> int:
        root = self._containers.root_volume(vmid)
        with suppress(OSError, HomelabError):
            return self._volumes.used(root) if root is not None else 0
        return 0

    def _leave(self) -> None:
        self.node.down()
        if not self._volumes.release():
            raise CleanupError([CapabilityError("the kernel keeps a loop device of the lab")])
        if self._limits.restore_for(self._state):
            with suppress(OSError):
                Path("/run/lxc").rmdir()

    def _discard(self, guest: Guest) -> None:
        for volume in guest.volumes:
            self._volumes.free(volume.volid)
        directory = self._state / "lxc" / str(guest.vmid)
        if directory.exists():
            remove_tree(directory)
        self._names.publish()

    def _change_links(self, old: Guest, new: Guest, init: int) -> None:
        node, guest = links.change_commands(old, new, init)
        if node:
            self.node.run("ip", "-batch", "-", stdin="".join(f"{line}\n" for line in node))
        if guest:
            self.node.run(
                *("nsenter", "-t", str(init), "-n", "ip", "-batch", "-"),
                stdin="".join(f"{line}\n" for line in guest),
            )

    def _serve_images(self, address: str) -> None:
        """Have the image registry on the node's first bridge, for as long as the node lives."""
        references = references_file(self._state)
        references.parent.mkdir(parents=True, exist_ok=True)
        program = Path(registry_server.__file__)
        files = (blobs_directory(self._cache), references)
        python = (sys.executable, "-I", "-S")
        self.node.spawn("registry", *python, program, address, str(REGISTRY_PORT), *files)


def _refuse(command: str, log: TaskLog) -> NoReturn:
    """What `pct suspend` and `pct resume` end with where CRIU does not work."""
    log("the lab does not use CRIU; on a real node it is experimental, and fails for most guests")
    raise RuntimeFailureError(f"command '{command}' failed: exit code 1")
