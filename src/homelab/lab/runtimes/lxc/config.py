"""The file that lxc reads for one container, as text."""

from __future__ import annotations

from collections.abc import Sequence

from homelab.lab.images.ownership import ID_BASE, ID_COUNT
from homelab.lab.runtime import Guest, Nic

CONSOLE_SIZE = 1 << 20
"""Bytes of console output that are kept, and as many of before."""
SECCOMP = """\
2
denylist
reject_force_umount
[all]
kexec_load errno 1
open_by_handle_at errno 1
init_module errno 1
finit_module errno 1
delete_module errno 1
ioctl errno 1 [1,0x5000940e,SCMP_CMP_EQ]
ioctl errno 1 [1,0x50009418,SCMP_CMP_EQ]
ioctl errno 1 [1,0x50009401,SCMP_CMP_EQ]
ioctl errno 1 [1,0x50009417,SCMP_CMP_EQ]
"""
"""What no container may ask of the kernel, as lxc reads it (lxc.container.conf(5)).

The ioctls make subvolumes and snapshots of btrfs: they would not count as the volume's.
"""


def veth_name(vmid: int, number: int) -> str:
    """The host's end of an interface, named as Proxmox VE names it."""
    return f"veth{vmid}i{number}"


def render(
    guest: Guest,
    *,
    rootfs: str,
    cgroup: str,
    limits: Sequence[str] = (),
    seccomp: str,
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
        f"lxc.seccomp.profile = {seccomp}",
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
