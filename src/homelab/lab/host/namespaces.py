"""The node: a process that holds a mount and a network namespace, with bridges and control group.

The holder is started once and outlives the server; whoever attaches later finds it by process id
and start time. Everything that runs in the node belongs to one control group.
"""

from __future__ import annotations

import hashlib
import logging
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from homelab.errors import CapabilityError, CleanupError, CommandError, HomelabError
from homelab.lab.host import cgroups
from homelab.lab.host.daemons import Daemon, start_daemon
from homelab.lab.host.mounting import Result, inside
from homelab.lab.runtime import Bridge
from homelab.polling import wait_until
from homelab.process import Completed, run

_log = logging.getLogger(__name__)

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Node:
    """A node's namespaces, bridges and control group, kept under one state directory."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self.name = name
        self._state = state_dir
        self.directory = state_dir / "node"
        self.cgroup_name = cgroups.parent_name(state_dir)

    @property
    def cgroup(self) -> Path:
        """The parent group, as this host sees it."""
        return cgroups.unified_mount() / self.cgroup_name

    def holder(self) -> Daemon | None:
        """The holder, when it is alive."""
        return Daemon.load(self.directory / "holder.json")

    def require(self) -> Daemon:
        """The holder.

        Raises:
            CapabilityError: the node is not up.
        """
        holder = self.holder()
        if holder is None:
            raise CapabilityError(f"the node {self.name} is not up", hint="run 'homelab lab up'")
        return holder

    def namespace(self, kind: str) -> Path | None:
        """The file of one of the node's namespaces (`net` or `mnt`); None when it is not up."""
        holder = self.holder()
        return Path(f"/proc/{holder.pid}/ns/{kind}") if holder is not None else None

    def seen(self, path: Path) -> Path:
        """A path in the node's mount namespace, as this process can use it.

        Raises:
            CapabilityError: the node is not up.
        """
        return Path(f"/proc/{self.require().pid}/root", *path.parts[1:])

    def shown(self, path: Path) -> Path:
        """The reverse of `seen`; other paths are the same in both namespaces."""
        parts = path.parts
        inside = parts[1:2] == ("proc",) and parts[3:4] == ("root",)
        return Path("/", *parts[4:]) if inside else path

    def has_mount(self, target: Path) -> bool:
        """Whether something is mounted on a path in the node; False when it is not up."""
        holder = self.holder()
        if holder is None:
            return False
        wanted = str(target).replace("\\", "\\134").replace(" ", "\\040")
        text = Path(f"/proc/{holder.pid}/mountinfo").read_text(encoding="utf-8")
        return any(line.split()[4] == wanted for line in text.splitlines())

    def command(self, *argv: str | Path) -> tuple[str | Path, ...]:
        """A program to run inside the node's namespaces, with a clean environment."""
        pid = self.require().pid
        return (
            *("env", "-i", f"PATH={PATH}", "LC_ALL=C.UTF-8", "TERM=linux"),
            *("nsenter", "-t", str(pid), "-m", "-n", "--", *argv),
        )

    def run(
        self,
        *argv: str | Path,
        stdin: str | None = None,
        timeout: float = 60.0,
        expected: Sequence[int] = (0,),
        via: Sequence[str | Path] = (),
    ) -> Completed:
        """Run a program inside the node to its end; `via` are the words before those of `command`.

        Raises:
            CapabilityError: the node is not up.
            CommandError: names the program itself, not what brought it into the node.
        """
        command = (*via, *self.command(*argv))
        try:
            return run(command, stdin=stdin, timeout=timeout, expected=expected)
        except CommandError as error:
            raise CommandError(tuple(map(str, argv)), error.returncode, error.output) from error

    def inside(self, work: Callable[[], Result]) -> Result:
        """What `work` returns or raises in a thread that sees the node's mounts.

        Raises:
            CapabilityError: the node is not up.
        """
        return inside(Path(f"/proc/{self.require().pid}/ns/mnt"), work)

    def up(self, bridges: Sequence[Bridge]) -> str:
        """Bring the node up where it is not; its boot id, which is another one each time.

        Raises:
            CapabilityError: the host lacks what a node needs.
            CommandError: the kernel refused a step.
        """
        if self.holder() is not None:
            return self._boot_id()
        self.down()  # what a dead holder left behind
        cgroups.unified_mount()
        self._start_holder()
        try:
            self._mounts()
            self._links(bridges)
        except BaseException:
            self.down()
            raise
        return self._boot_id()

    def _boot_id(self) -> str:
        holder = self.require()
        mounts = (self.directory / "mnt").read_text(encoding="ascii")
        return f"{holder.pid} {holder.start_time} {mounts}"

    def down(self) -> None:
        """End every process of the node and remove its control groups; namespaces go with them."""
        errors: list[BaseException] = []
        for step in (self._kill_group, self._kill_holder, self._kill_visitors, self._remove_groups):
            try:
                step()
            except (HomelabError, OSError) as error:
                errors.append(error)
        if errors:
            raise CleanupError(errors)
        for name in ("holder.json", "mnt"):
            (self.directory / name).unlink(missing_ok=True)

    def spawn(self, name: str, *argv: str | Path) -> None:
        """Start a program inside the node that lives as long as the node; one per name.

        Nothing happens when it runs already.
        """
        record = self.directory / f"{name}.json"
        if Daemon.load(record) is None:
            self._start(name, self.command(*argv)).save(record)

    def _start(self, name: str, command: Sequence[str | Path]) -> Daemon:
        return start_daemon(name, command, directory=self.directory, group=self.cgroup / "node")

    def _start_holder(self) -> None:
        unshare = ("unshare", "--mount", "--net", "--propagation", "slave", "--")
        command = ("env", "-i", f"PATH={PATH}", *unshare, "sleep", "infinity")
        holder = self._start("holder", command)
        own = Path("/proc/self/ns/mnt").readlink()

        def namespace() -> Path | None:
            found = Path(f"/proc/{holder.pid}/ns/mnt").readlink()
            return found if found != own else None

        inode = wait_until(namespace, what="the node's namespaces", timeout=10, interval=0.005)
        (self.directory / "mnt").write_text(str(inode), encoding="ascii")
        holder.save(self.directory / "holder.json")

    def _kill_group(self) -> None:
        with suppress(CapabilityError):  # no cgroup v2, so no node either
            cgroups.kill(self.cgroup)

    def _kill_holder(self) -> None:
        holder = self.holder()
        if holder is not None:
            with suppress(ProcessLookupError):
                os.kill(holder.pid, signal.SIGKILL)
            wait_until(lambda: not holder.alive(), what="the end of the node's holder", timeout=10)

    def _kill_visitors(self) -> None:
        """End what entered the node's mount namespace from outside, such as a shell left open."""
        try:
            inode = (self.directory / "mnt").read_text(encoding="ascii")
        except FileNotFoundError:
            return
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                inside = str((process / "ns/mnt").readlink()) == inode
                if inside and int(process.name) != os.getpid():
                    os.kill(int(process.name), signal.SIGKILL)

    def _remove_groups(self) -> None:
        with suppress(CapabilityError):
            for group in (self.cgroup, *cgroups.v1_groups(self.cgroup_name)):
                cgroups.remove(group)

    def _mounts(self) -> None:
        containers = self._state / "lxc"
        run_dir = self.directory / "run"
        for directory in (containers, run_dir):
            directory.mkdir(parents=True, exist_ok=True)
            directory.chmod(0o755)
        # A sysfs of the node's own network namespace; lxc looks for bridges there. Whatever the
        # host has on /sys/fs/cgroup goes, since lxc can't use v1 hierarchies of another namespace.
        self.run("umount", "--recursive", "--lazy", "/sys")
        self.run("mount", "-t", "sysfs", "sysfs", "/sys")
        self.run("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
        binds = {
            "/var/lib/lxc": containers,
            "/run/lxc": run_dir,
            "/etc/hosts": self.directory / "hosts",
            "/etc/ssh/ssh_config": self.directory / "ssh_config",
        }
        for target, source in binds.items():
            if source.exists() and Path(target).exists():
                self.run("mount", "--bind", source, target)

    def _links(self, bridges: Sequence[Bridge]) -> None:
        lines = ["link set lo up"]
        for bridge in bridges:
            lines += [
                # A fixed address: else it changes with each port, and neighbours lose the node.
                f"link add {bridge.name} address {_hwaddr(bridge)} type bridge forward_delay 0",
                f"address add {bridge.address} dev {bridge.name}",
                f"link set {bridge.name} up",
            ]
        self.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")
        # Two bridges of one host route to each other unless told not to.
        self.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")


def _hwaddr(bridge: Bridge) -> str:
    digest = hashlib.sha256(f"{bridge.name} {bridge.address}".encode()).digest()
    return "bc:24:11:" + ":".join(f"{byte:02x}" for byte in digest[:3])
