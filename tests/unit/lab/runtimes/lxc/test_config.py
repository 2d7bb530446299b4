from __future__ import annotations

import pytest

from homelab.lab.runtime import Guest, Nic
from homelab.lab.runtimes.lxc import config, resources
from homelab.lab.runtimes.lxc.notes import notes_on

NIC = Nic(
    name="eth0", bridge="vmbr0", hwaddr="BC:24:11:00:00:01", ip="10.10.0.21/24", gateway="10.10.0.1"
)


def render(*nics: Nic) -> dict[str, str]:
    guest = Guest(vmid=201, hostname="plex", nics=nics)
    text = config.render(
        guest,
        rootfs="/r",
        cgroup="lab/201",
        log_file="/l",
        console="/c",
        seccomp="/s",
        limits=("lxc.x = 1",),
    )
    return dict(line.split(" = ", 1) for line in text.splitlines())


def test_a_container_is_unprivileged_and_in_the_labs_group():
    lines = render(NIC)
    assert lines["lxc.idmap"] == "g 0 100000 65536"
    assert lines["lxc.rootfs.path"] == "dir:/r"
    assert lines["lxc.cgroup.dir.container"] == "lab/201/payload"
    assert lines["lxc.x"] == "1"
    assert (lines["lxc.console.logfile"], lines["lxc.console.rotate"]) == ("/c", "1")


def test_interfaces_are_named_as_proxmox_names_them():
    lines = render(NIC, Nic(name="eth1", bridge="vmbr1", hwaddr="BC:24:11:00:00:02", mtu=1400))
    assert lines["lxc.net.0.veth.pair"] == "veth201i0"
    assert lines["lxc.net.0.ipv4.address"] == "10.10.0.21/24"
    assert lines["lxc.net.0.ipv4.gateway"] == "10.10.0.1"
    assert lines["lxc.net.1.veth.pair"] == "veth201i1"
    assert lines["lxc.net.1.mtu"] == "1400"
    assert "lxc.net.1.ipv4.address" not in lines


@pytest.mark.parametrize("ip", ["dhcp", "manual", None])
def test_only_an_address_is_set(ip):
    assert "lxc.net.0.ipv4.address" not in render(Nic(name="eth0", bridge="b", hwaddr="h", ip=ip))


def test_a_link_that_is_down_is_not_brought_up():
    nic = Nic(
        name="eth0", bridge="b", hwaddr="h", ip="10.0.0.2/24", gateway="10.0.0.1", link_down=True
    )
    lines = render(nic)
    assert "lxc.net.0.flags" not in lines
    assert "lxc.net.0.ipv4.gateway" not in lines


def test_limits_of_version_2():
    guest = Guest(vmid=1, hostname="a", cores=2, memory=512, swap=0, cpuunits=200)
    assert resources.v2_values(guest, cpus=8) == {
        "memory.max": str(512 << 20),
        "memory.swap.max": "0",
        "cpu.max": "200000 100000",
        "cpu.weight": "200",
        "pids.max": "4096",
    }


@pytest.mark.parametrize(
    ("cores", "cpulimit", "cpus", "expected"),
    [(2, 0.0, 2, "max 100000"), (4, 0.5, 8, "50000 100000"), (None, 0.0, 8, "max 100000")],
)
def test_cpu_limits_that_limit_nothing_are_left_out(cores, cpulimit, cpus, expected):
    guest = Guest(vmid=1, hostname="a", cores=cores, cpulimit=cpulimit)
    assert resources.v2_values(guest, cpus=cpus)["cpu.max"] == expected


def test_limits_of_version_1():
    values = resources.v1_values(Guest(vmid=1, hostname="a", cores=1, memory=256, swap=256), cpus=4)
    assert values["memory"]["memory.memsw.limit_in_bytes"] == str(512 << 20)
    assert values["cpu"]["cpu.cfs_quota_us"] == "100000"


def test_what_is_not_enforced_is_said(tmp_path):
    notes = " ".join(notes_on(frozenset({"cpu"}), tmp_path / "absent"))
    assert "limits of memory are recorded and not enforced" in notes
    assert "no AppArmor" in notes
