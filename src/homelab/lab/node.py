"""The node: a process that holds a mount and a network namespace, with bridges and control group.

The holder is started once and outlives the server; whoever attaches later finds it by process id
and start time. Everything that runs in the node belongs to one control group.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from homelab.errors import CapabilityError
from homelab.lab import cgroups
from homelab.lab.runtime import Bridge
from homelab.polling import wait_until
from homelab.process import Completed, is_alive, run, start_time_of

_log = logging.getLogger(__name__)

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process whose namespaces are the node's."""

    pid: int
    start_time: int

    def alive(self) -> bool:
        """Whether it is that very process and runs."""
        return is_alive(self.pid, start_time=self.start_time)


class Node:
    """A node's namespaces, bridges and control group, kept under one state directory."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self.name = name
        self._state = state_dir
        self._record = state_dir / "node" / "holder.json"
        self.cgroup_name = cgroups.parent_name(state_dir)

    @property
    def cgroup(self) -> Path:
        """The parent group, as this host sees it."""
        return cgroups.unified_mount() / self.cgroup_name

    def holder(self) -> Holder | None:
        """The holder, when it is alive."""
        try:
            holder = Holder(**json.loads(self._record.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return holder if holder.alive() else None

    def require(self) -> Holder:
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
    ) -> Completed:
        """Run a program inside the node to its end."""
        return run(self.command(*argv), stdin=stdin, timeout=timeout, expected=expected)

    def up(self, bridges: Sequence[Bridge]) -> bool:
        """Bring the node up; False when it already was.

        Raises:
            CapabilityError: the host lacks what a node needs.
            CommandError: the kernel refused a step.
        """
        if self.holder() is not None:
            return False
        self.down()  # what a dead holder left behind
        cgroups.unified_mount()
        holder = self._start_holder()
        try:
            self._join(holder.pid)
            self._mounts()
            self._links(bridges)
        except BaseException:
            self.down()
            raise
        return True

    def down(self) -> None:
        """End every process of the node and remove its control groups; namespaces go with them."""
        for group in (self.cgroup, *cgroups_v1(self.cgroup_name)):
            if group.is_dir():
                if (group / "cgroup.events").exists():
                    cgroups.kill(group)
                cgroups.remove(group)
        holder = self.holder()
        if holder is not None:  # it died before it could join the group
            with suppress(ProcessLookupError):
                os.kill(holder.pid, signal.SIGKILL)
            wait_until(lambda: not holder.alive(), what="the end of the node's holder", timeout=10)
        self._record.unlink(missing_ok=True)

    def _start_holder(self) -> Holder:
        self._record.parent.mkdir(parents=True, exist_ok=True)
        pidfile = self._record.with_name("holder.pid")
        pidfile.unlink(missing_ok=True)
        # The shell writes its own id and becomes the sleeper; setsid's fork gives it to init.
        subprocess.run(
            (
                *("env", "-i", f"PATH={PATH}", "setsid", "--fork"),
                *("unshare", "--mount", "--net", "--propagation", "slave", "--"),
                *("sh", "-c", 'echo $$ > "$1"; exec sleep infinity'),
                *("homelab-node", pidfile),
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            check=True,
        )

        def started() -> Holder | None:
            try:
                pid = int(pidfile.read_text(encoding="ascii"))
            except (OSError, ValueError):
                return None
            begun = start_time_of(pid)
            return Holder(pid=pid, start_time=begun) if begun is not None else None

        try:
            holder = wait_until(started, what="the node's holder process", timeout=5, interval=0.01)
        finally:
            pidfile.unlink(missing_ok=True)
        temporary = self._record.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        temporary.replace(self._record)
        return holder

    def _join(self, pid: int) -> None:
        group = self.cgroup / "node"
        group.mkdir(parents=True, exist_ok=True)
        (group / "cgroup.procs").write_text(str(pid), encoding="ascii")

    def _mounts(self) -> None:
        containers = self._state / "lxc"
        run_dir = self._state / "node" / "run"
        for directory in (containers, run_dir):
            directory.mkdir(parents=True, exist_ok=True)
            directory.chmod(0o755)
        # A sysfs of the node's own network namespace; lxc looks for bridges there. Whatever the
        # host has on /sys/fs/cgroup goes, since lxc can't use v1 hierarchies of another namespace.
        self.run("umount", "--recursive", "--lazy", "/sys")
        self.run("mount", "-t", "sysfs", "sysfs", "/sys")
        self.run("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
        for source, target in ((containers, "/var/lib/lxc"), (run_dir, "/run/lxc")):
            if not Path(target).is_dir():
                Path(target).mkdir()
            self.run("mount", "--bind", source, target)

    def _links(self, bridges: Sequence[Bridge]) -> None:
        lines = ["link set lo up"]
        for bridge in bridges:
            lines += [
                f"link add {bridge.name} type bridge forward_delay 0 stp_state 0",
                f"address add {bridge.address} dev {bridge.name}",
                f"link set {bridge.name} up",
            ]
        self.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")
        # Two bridges of one host route to each other unless told not to.
        self.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=0")


def cgroups_v1(name: str) -> tuple[Path, ...]:
    """The parent group in every v1 hierarchy that has it."""
    roots = dict.fromkeys(cgroups.v1_mounts().values())
    return tuple(root / name for root in roots if (root / name).is_dir())
