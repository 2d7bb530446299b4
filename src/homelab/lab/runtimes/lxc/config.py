"""The files that lxc and mount read for one container, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from homelab.lab.images.ownership import ID_BASE, ID_COUNT
from homelab.lab.runtime import Guest, Nic

CONSOLE_SIZE = 1 << 20
"""Bytes of console output that are kept, and as many of before."""
SECCOMP = Path("/usr/share/lxc/config/common.seccomp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One line of the container's fstab, in the node's mount namespace."""

    source: str
    target: str
    kind: str
    options: str

    def line(self) -> str:
        """As fstab(5) wants it."""
        words = (self.source, self.target, self.kind, self.options)
        return " ".join(_escaped(word) for word in words) + " 0 0\n"


def overlay(layers: Sequence[str], upper: Path, work: Path, target: str) -> Mount:
    """The root file system: a volume on top of a template's layers."""
    options = f"lowerdir={':'.join(layers)},upperdir={upper},workdir={work}"
    return Mount(source="overlay", target=target, kind="overlay", options=options)


def read_only_overlay(layers: Sequence[str], target: str) -> Mount:
    """Layers seen as one tree that nobody changes."""
    return Mount(
        source="overlay", target=target, kind="overlay", options=f"ro,lowerdir={':'.join(layers)}"
    )


def bind(source: Path, target: str, *, read_only: bool = False) -> Mount:
    """A volume that is mounted below the root."""
    options = "bind,ro" if read_only else "bind"
    return Mount(source=str(source), target=target, kind="none", options=options)


def veth_name(vmid: int, number: int) -> str:
    """The host's end of an interface, named as Proxmox VE names it."""
    return f"veth{vmid}i{number}"


def render(
    guest: Guest,
    *,
    rootfs: str,
    cgroup: str,
    limits: Sequence[str] = (),
    log_file: str,
    console: str,
) -> str:
    """The container's `config` for lxc.

    Self-contained, so that it means the same with every release of lxc. Nothing about devices:
    in a user namespace none can be made.
    """
    lines = [
        f"lxc.uts.name = {guest.hostname}",
        f"lxc.rootfs.path = dir:{rootfs}",
        "lxc.arch = linux64",
        f"lxc.idmap = u 0 {ID_BASE} {ID_COUNT}",
        f"lxc.idmap = g 0 {ID_BASE} {ID_COUNT}",
        "lxc.mount.auto = proc:mixed sys:mixed cgroup:rw:force",
        "lxc.tty.max = 0",
        "lxc.pty.max = 1024",
        "lxc.apparmor.profile = unconfined",
        f"lxc.seccomp.profile = {SECCOMP}",
        "lxc.signal.halt = SIGRTMIN+3",
        "lxc.cgroup.relative = 0",
        f"lxc.cgroup.dir.monitor = {cgroup}/monitor",
        f"lxc.cgroup.dir.monitor.pivot = {cgroup}/pivot",
        f"lxc.cgroup.dir.container = {cgroup}/payload",
        "lxc.cgroup.dir.container.inner = ns",
        f"lxc.log.file = {log_file}",
        "lxc.log.level = ERROR",
        f"lxc.console.logfile = {console}",
        f"lxc.console.size = {CONSOLE_SIZE}",
        "lxc.console.rotate = 1",
        *limits,
    ]
    for number, nic in enumerate(guest.nics):
        lines += _network(guest.vmid, number, nic)
    return "\n".join(lines) + "\n"


def _network(vmid: int, number: int, nic: Nic) -> list[str]:
    key = f"lxc.net.{number}"
    lines = [
        f"{key}.type = veth",
        f"{key}.veth.pair = {veth_name(vmid, number)}",
        f"{key}.name = {nic.name}",
        f"{key}.link = {nic.bridge}",
        f"{key}.hwaddr = {nic.hwaddr}",
    ]
    if nic.mtu is not None:
        lines.append(f"{key}.mtu = {nic.mtu}")
    if not nic.link_down:
        lines.append(f"{key}.flags = up")
    if nic.ip is not None and "/" in nic.ip:
        lines.append(f"{key}.ipv4.address = {nic.ip}")
        if nic.gateway is not None and not nic.link_down:
            lines.append(f"{key}.ipv4.gateway = {nic.gateway}")
    return lines


def _escaped(word: str) -> str:
    return word.replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011")
