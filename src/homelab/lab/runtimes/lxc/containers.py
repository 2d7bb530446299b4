"""Starting and ending containers: control groups, mounts, and lxc's own programs."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from homelab.errors import HomelabError, WaitTimeoutError
from homelab.lab.host import cgroups
from homelab.lab.host.mounting import detach_all
from homelab.lab.host.namespaces import Node
from homelab.lab.runtime import Guest, RuntimeFailureError, TaskLog, Usage, Volume
from homelab.lab.runtimes.lxc import config, hot_mounts, mounts, rootfs
from homelab.lab.runtimes.lxc.measure import Meter, listens, measure, traffic
from homelab.lab.runtimes.lxc.mounts import COPIED, SHOWN
from homelab.lab.runtimes.lxc.resources import Resources
from homelab.lab.volumes.node_volumes import NodeVolumes
from homelab.polling import wait_until

CONSOLE = "console.log"
"""What a container wrote to its console, below its own directory of the state's `lxc`."""
_ROOT = "root-volume"
_FREEZE = "cgroup.freeze"
_STANDSTILL = 5.0
_SIGRTMIN_3 = signal.SIGRTMIN + 3
"""systemd's signal for halting (systemd(1))."""


class Containers:
    """The containers of one node, as far as they run; their files are in `volumes`."""

    def __init__(self, node: Node, volumes: NodeVolumes, directory: Path) -> None:
        self._node = node
        self._volumes = volumes
        self._directory = directory
        self._roots: dict[int, Volume] = {}
        self._meter = Meter()
        self.resources = Resources(node.cgroup_name)

    def start(self, guest: Guest, root: Volume, *, log: TaskLog) -> None:
        """Mount everything and start init."""
        self.clear(guest.vmid)
        self._volumes.settle(guest.volumes)
        directory = self._directory / str(guest.vmid)
        (directory / "rootfs").mkdir(mode=0o755, parents=True, exist_ok=True)
        shown = SHOWN / str(guest.vmid)
        tree = mounts.live(self._volumes, guest)
        text = config.render(
            guest,
            rootfs=str(shown / "rootfs"),
            cgroup=f"{self._node.cgroup_name}/{guest.vmid}",
            limits=self.resources.config(guest),
            seccomp=str(shown / "seccomp"),
            log_file=str(shown / "lxc.log"),
            console=str(shown / CONSOLE),
        )
        (directory / "config").write_text(text, encoding="utf-8")
        (directory / "seccomp").write_text(config.SECCOMP, encoding="utf-8")
        (directory / _ROOT).write_text(root.volid, encoding="utf-8")
        self._roots[guest.vmid] = root
        (directory / "lxc.log").unlink(missing_ok=True)
        try:
            self.resources.enable(guest.vmid)
            self._node.inside(
                lambda: tree.mount(
                    shown / "rootfs", prepare=lambda root: rootfs.configure(root, guest)
                )
            )
            self._run_in_groups(
                self.resources.v1_groups(guest), ("lxc-start", "-n", str(guest.vmid), "-d")
            )
        except (HomelabError, OSError):
            for line in self._log_of(guest.vmid):
                log(line)
            self.clear(guest.vmid)
            raise

    def kill(self, vmid: int) -> None:
        """End every process of a container, and take its mounts away."""
        group = self.group(vmid)
        cgroups.kill(group / "payload")
        # lxc's monitor sees its child end and goes by itself; else clear() ends it.
        with suppress(WaitTimeoutError):
            wait_until(
                lambda: not cgroups.populated(group), what="lxc's end", timeout=3, interval=0.01
            )
        self.clear(vmid)

    def halt(self, vmid: int, *, timeout: float) -> bool:
        """Ask init to halt; whether everything ended in time."""
        asked = False

        def ended() -> bool:
            nonlocal asked
            init = self.init_of(vmid)
            # The kernel drops what an init does not listen to yet, soon after its start.
            if init is not None and not asked and listens(init, _SIGRTMIN_3):
                with suppress(ProcessLookupError):
                    os.kill(init, _SIGRTMIN_3)
                asked = True
            return not cgroups.populated(self.group(vmid))

        try:
            wait_until(ended, what=f"the end of CT {vmid}", timeout=timeout, interval=0.02)
        except WaitTimeoutError:
            return False
        self.clear(vmid)
        return True

    def clear(self, vmid: int) -> None:
        """Remove what a container left that does not run (any more): processes, groups, mounts."""
        group = self.group(vmid)
        if group.is_dir():
            cgroups.kill(group)
            cgroups.remove(group)
        self.resources.remove(vmid)
        if self._node.holder() is not None:
            own = SHOWN / str(vmid)
            self._node.inside(lambda: detach_all(own / "rootfs", own / COPIED))

    def mount(self, guest: Guest, volume: Volume) -> None:
        """Mount a new volume into the running container."""
        init = self.init_of(guest.vmid)
        if init is not None:
            source = self._volumes.shown(self._volumes.make(volume))
            with self._entered(guest.vmid, init) as container:
                container.mount(self._node, source, volume)

    def unmount(self, vmid: int, volids: Collection[str]) -> None:
        """Take volumes that are about to be removed out of the running container."""
        init = self.init_of(vmid)
        paths = [path for volid in volids if (path := self._volumes.path(volid)).is_dir()]
        devices = [path.stat().st_dev for path in paths]
        names = [path.name for path in paths]
        names += [f"{os.major(device)}:{os.minor(device)}" for device in devices]
        if init is not None and names:
            with self._entered(vmid, init) as container:
                container.unmount(frozenset(names))

    @contextmanager
    def _entered(self, vmid: int, init: int) -> Iterator[hot_mounts.Running]:
        with hot_mounts.entered(init) as container:
            if self.init_of(vmid) != init:  # what has its number now is not the container's
                raise RuntimeFailureError(f"CT {vmid} has just ended")
            yield container

    @contextmanager
    def frozen(self, vmid: int) -> Iterator[None]:
        """Have no process of a container run, as PVE does while a snapshot is taken."""
        file = self.group(vmid) / "payload" / _FREEZE
        if self.init_of(vmid) is None or not file.exists():
            yield
            return
        file.write_text("1", encoding="ascii")
        try:
            self._wait_until_frozen(vmid)
            yield
        finally:
            with suppress(FileNotFoundError):  # it was ended meanwhile
                file.write_text("0", encoding="ascii")

    def thaw(self) -> None:
        """Have every container run that an earlier server had frozen."""
        for vmid in self.vmids():
            with suppress(OSError):
                (self.group(vmid) / "payload" / _FREEZE).write_text("0", encoding="ascii")

    def _wait_until_frozen(self, vmid: int) -> None:
        events = self.group(vmid) / "payload" / "cgroup.events"
        with suppress(WaitTimeoutError):  # one in the kernel's hands can't be stopped, nor harm
            wait_until(
                lambda: not events.exists() or "frozen 1" in events.read_text(encoding="ascii"),
                what=f"CT {vmid} to stand still",
                timeout=_STANDSTILL,
                interval=0.002,
            )

    def group(self, vmid: int) -> Path:
        """A container's control group."""
        return self._node.cgroup / str(vmid)

    def init_of(self, vmid: int) -> int | None:
        """The host's id of a container's init; None when it does not run."""
        payload = self.group(vmid) / "payload"
        if not cgroups.populated(payload):
            return None
        for inner in ("ns/init.scope", "ns"):
            with suppress(OSError):
                text = (payload / inner / "cgroup.procs").read_text(encoding="ascii")
                pids = [int(word) for word in text.split()]
                if pids:
                    return pids[0]
        return min(cgroups.members(payload), default=None)

    def vmids(self) -> tuple[int, ...]:
        """Those that have a control group."""
        try:
            names = [path.name for path in self._node.cgroup.iterdir()]
        except FileNotFoundError:
            return ()
        return tuple(sorted(int(name) for name in names if name.isdecimal()))

    def usage(self) -> Iterator[tuple[int, Usage]]:
        """What runs, with its use; of the disk, see `root_volume`."""
        holder = self._node.holder()
        network = traffic(holder.pid) if holder is not None else {}
        for vmid in self.vmids():
            init = self.init_of(vmid)
            if init is None:
                continue
            payload = self.group(vmid) / "payload"
            found = measure(init, payload, self.resources.memory_group(vmid))
            if found is not None:
                read, written = self._meter.read(vmid, init, payload)
                received, sent = network.get(vmid, (0, 0))
                moved = replace(
                    found, diskread=read, diskwrite=written, netin=received, netout=sent
                )
                yield vmid, moved

    def root_volume(self, vmid: int) -> Volume | None:
        """The root volume of a container that was started, also by an earlier server."""
        if vmid not in self._roots:
            try:
                volid = (self._directory / str(vmid) / _ROOT).read_text(encoding="utf-8")
            except OSError:
                return None
            self._roots[vmid] = Volume(volid=volid, path="/", size=0)
        return self._roots[vmid]

    def _run_in_groups(self, groups: tuple[Path, ...], argv: tuple[str, ...]) -> None:
        """Run a program in the node; the shell joins v1 groups first, so that nothing escapes."""
        script = 'while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"'
        files = [group / "cgroup.procs" for group in groups]
        self._node.run(*argv, via=("sh", "-ec", script, "homelab", *files, "--"))

    def _log_of(self, vmid: int) -> list[str]:
        try:
            text = (self._directory / str(vmid) / "lxc.log").read_text(
                encoding="utf-8", errors="replace"
            )
        except OSError:
            return []
        return text.splitlines()[-20:]
