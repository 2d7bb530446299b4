"""Destroying a lab leaves no process, mount, loop device, veth, cgroup, namespace or file behind.

Nor a setting of the host. Counted after an orderly end, and after kill -9 of the server, of the
node's holder, or of both.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from homelab.clients.proxmox import Proxmox
from homelab.lab import Lab, LabInfo
from homelab.lab.host import cgroups
from homelab.lab.host.limits import WANTED
from homelab.lab.host.namespaces import Node
from homelab.lab.runtime import Bridge
from homelab.lab.volumes import loops
from homelab.polling import wait_until
from homelab.process import is_alive, start_time_of

pytestmark = [pytest.mark.usefixtures("able"), pytest.mark.timeout(300)]


_KINDS = ("net", "mnt", "user", "pid")


@dataclass(frozen=True)
class Traces:
    """Everything of a lab that this machine can show."""

    processes: frozenset[tuple[int, int]]
    namespaces: frozenset[str]
    groups: frozenset[Path]


def groups_of(state: Path) -> frozenset[Path]:
    name = cgroups.parent_name(state)
    return frozenset(path for path in Path("/sys/fs/cgroup").glob(f"**/{name}") if path.is_dir())


def namespaces_of(pid: int) -> set[str]:
    """Empty for a process that has just ended."""
    with suppress(OSError):
        return {str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in _KINDS}
    return set()


def traces(state: Path, server: int | None) -> Traces:
    groups = groups_of(state)
    pids = {pid for group in groups for pid in cgroups.members(group)}
    pids |= {server} if server is not None else set()
    own = namespaces_of(os.getpid())
    return Traces(
        processes=frozenset((pid, begun) for pid in pids if (begun := start_time_of(pid))),
        namespaces=frozenset(set().union(*(namespaces_of(pid) for pid in pids)) - own),
        groups=groups,
    )


def all_namespaces() -> set[str]:
    found: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        found |= namespaces_of(int(process.name))
    return found


def links() -> set[str]:
    return {link["ifname"] for link in json.loads(subprocess.check_output(["ip", "-json", "link"]))}


def settings() -> dict[str, str]:
    return {name: Path("/proc/sys", name).read_text() for name in WANTED}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "lab"
    yield path
    Lab(state=path, runtime="lxc").destroy()


@pytest.fixture
def info(state: Path) -> LabInfo:
    """A lab with two running containers."""
    lab = Lab(state=state, runtime="lxc", listen="127.0.0.1:0")
    info = lab.up()
    client = Proxmox.from_environment(lab.env())
    for number in (1, 2):
        client._task(
            "post",
            f"nodes/{info.node}/lxc",
            {
                "vmid": 200 + number,
                "hostname": f"ct{number}",
                "ostemplate": info.template,
                "rootfs": f"{info.storage}:1",
                "mp0": f"{info.storage}:1,mp=/srv/data",
                "mp1": "local-dir:1,mp=/srv/raw",
                "net0": f"name=eth0,bridge=vmbr0,ip=10.10.0.{number + 20}/24,gw=10.10.0.1",
                "unprivileged": 1,
                "start": 1,
            },
        )
    return info


def kill(pid: int) -> None:
    begun = start_time_of(pid)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid, start_time=begun), what=f"the end of {pid}", timeout=5)


@pytest.mark.parametrize("killed", [(), ("server",), ("holder",), ("holder", "server")], ids=str)
def test_nothing_is_left(info: LabInfo, state: Path, killed: tuple[str, ...]) -> None:
    holder = Node(state, info.node).require().pid
    seen = traces(state, info.pid)
    assert len(seen.processes) >= 7  # server, holder, registry, two monitors, two inits
    assert len(seen.namespaces) > 6
    assert seen.groups
    assert len(loops.devices(state)) == 3  # the pool, and an image of each container
    visitor = subprocess.Popen(
        ["nsenter", f"--net={info.netns}", f"--mount={info.mntns}", "sleep", "60"]
    )
    try:
        inode = namespaces_of(holder)
        wait_until(lambda: namespaces_of(visitor.pid) <= inode, what="the visitor", timeout=5)
        for name in killed:
            kill({"server": info.pid, "holder": holder}[name])

        Lab(state=state, runtime="lxc").destroy()

        assert visitor.wait(5) == -signal.SIGKILL, "a shell left open in the node is ended"
        assert not [one for one in seen.processes if is_alive(one[0], start_time=one[1])]
        assert not seen.namespaces & all_namespaces()
        assert groups_of(state) == frozenset()
        assert str(state) not in Path("/proc/self/mountinfo").read_text()
        assert loops.devices(state) == {}
        assert not {name for name in links() if name.startswith(("veth20", "vmbr"))}
        assert not state.exists()
        if not Path("/run/homelab").exists():  # no other lab is up
            assert not Path("/run/lxc").exists() or any(Path("/run/lxc").iterdir())
    finally:
        visitor.kill()
        visitor.wait()
    Lab(state=state, runtime="lxc").destroy()  # again: nothing to do


def test_a_lab_that_is_down_has_no_loop_device(info: LabInfo, state: Path) -> None:
    kill(info.pid)
    Lab(state=state, runtime="lxc").down()
    assert loops.devices(state) == {}
    lab = Lab(state=state, runtime="lxc", listen="127.0.0.1:0")
    client = Proxmox.from_environment((lab.up(), lab.env())[1])
    client.start(info.node, 201)
    assert len(loops.devices(state)) == 2  # an image is mounted when it is used


def test_settings_of_the_host_are_put_back(tmp_path: Path) -> None:
    """Where another lab is up, they stay as that one needs them."""
    others = Path("/run/homelab/limits.json").exists()
    before = settings()
    with Lab(state=tmp_path / "lab", runtime="lxc", ephemeral=True):
        assert all(int(value) >= WANTED[name] for name, value in settings().items())
    assert settings() == before
    assert Path("/run/homelab").exists() == others


def test_a_node_whose_start_fails_leaves_nothing(tmp_path: Path) -> None:
    node = Node(tmp_path / "lab", "pve")
    with pytest.raises(Exception, match=r"^ip -batch"):
        node.up([Bridge(name="a-name-that-is-too-long-for-linux", address="10.10.0.1/24")])
    assert groups_of(tmp_path / "lab") == frozenset()
    assert node.holder() is None
